"""The articulators whose contours are known or read, and what the contour of each is."""

ARTICULATORS = {
    "tongue": "the tongue from its root to its tip",
    "upper_lip": "the upper lip",
    "lower_lip": "the lower lip",
    "jaw": "the lower incisor and the front of the mandible",
    "velum": "the under-side of the velum",
    "palate": "the hard palate, from the velum to the upper incisor",
    "pharynx": "the rear wall of the pharynx",
    "larynx": "the vocal folds and what moves with them",
}
