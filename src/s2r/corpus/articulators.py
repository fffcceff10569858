"""The articulators whose contours a recording may have, and what each contour is.

The contours of a recording are a mapping {articulator: (T, P, 2)}: mm from the upper left corner
of the picture, x to the right (to the back of the head: subjects look to the left), y down. A
frame in which an articulator is not known has NaN in all its points; an articulator that is not
known at all is absent. P is any number of 2 or more, the same in all frames of a contour.
"""

from collections.abc import Mapping

OUTLINES: Mapping[str, str] = {
    "tongue": "surface of the tongue in the air, from above the epiglottis to the tip",
    "upper_lip": "skin of the upper lip, over its edge, to the upper incisor",
    "lower_lip": "inside of the lower lip, over its edge, to the chin",
    "jaw": "edge of the lower incisor, front and lower border of the mandible",
    "velum": "velum from the hard palate along its oral side to the tip, and back along the nasal",
    "palate": "hard palate from the upper incisor to the velum",
    "pharynx": "rear wall of the pharynx from above the larynx to the nasopharynx",
    "larynx": "inner side of the thyroid cartilage with the vocal folds, to the trachea",
}
"""What the contour of an articulator is."""

ARTICULATORS = tuple(OUTLINES)
"""The articulators, in the order of tables and figures."""

FIELD_MM = 200.0
"""Side of the square pictures of the phantom, mm, as of the USC 75-speaker corpus."""
