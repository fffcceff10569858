"""The texts that the phantom's speakers say. All sentences were written for this project.

North Wind tells a fable of Aesop; the other reading texts keep the purpose, not the wording, of
the passages that the stimuli are named after. No sentence occurs under two stimuli.
"""

from collections.abc import Mapping

READ: Mapping[str, tuple[str, ...]] = {
    "bvt": (
        "say bite",
        "say bat",
        "say beat",
        "say bird",
        "say bit",
        "say boat",
        "say bought",
        "say butte",
    ),
    "shibboleth": (
        "both boys chose a yellow fish from the huge village shop",
        "which young thief found that measure of gold behind their garage",
    ),
    "rainbow": (
        "after the rain a wide arch of colors hung above the valley",
        "each drop of water bent the light and split it into many shades",
        "the red band lay on top and the violet band lay beneath",
        "children ran to reach the end of it yet it always moved away",
    ),
    "grandfather1": (
        "my old uncle lived in a small white house by the river",
        "he wore a long gray coat with shiny buttons even in july",
        "every morning he fed the birds and whistled a tune",
    ),
    "grandfather2": (
        "visitors thought that he was angry but he only loved silence",
        "when the evenings grew cool he lit a fire and told us stories",
        "nobody else could make a ghost sound so cheerful",
    ),
    "northwind1": (
        "the north wind and the sun argued about who was stronger",
        "a traveler came along the road in a warm cloak",
        "they agreed that whoever made him take it off would win",
        "the north wind blew as hard as he could",
    ),
    "northwind2": (
        "but the more he blew the closer the man held his cloak",
        "at last the wind gave up",
        "then the sun shone out and soon the man was much too hot",
        "so the north wind had to admit that the sun was stronger",
    ),
}
"""Reading texts: phrases in their order."""

SPOKEN: Mapping[str, tuple[str, ...]] = {
    "picture1": (
        "a woman is pouring tea in the kitchen",
        "the boy under the table has a shoe in his hand",
        "a cat is looking at the fish on the shelf",
        "there is smoke coming out of the oven",
        "somebody left the window wide open",
        "the dog has pulled the cloth off the chair",
        "i think they are late for a party",
        "two cups have fallen on the floor",
        "the clock on the wall says half past four",
        "she does not see what is going on behind her",
    ),
    "picture2": (
        "two girls are feeding the ducks",
        "an old man is asleep on the bench",
        "someone has lost a red balloon",
        "the tree on the left has no leaves",
        "a bus is waiting at the corner",
        "it looks like it might rain",
    ),
    "picture3": (
        "a crab is walking across the sand",
        "the children are digging a deep hole",
        "their father is reading a paper",
        "far away you can see a ship",
        "a big wave has knocked over the tower",
        "he is going to be red like a tomato",
    ),
    "picture4": (
        "a lady is choosing a melon",
        "the price of the grapes is on a sign",
        "behind her a thief takes a purse",
        "a guard is eating an apple",
        "there are cheeses hanging from the roof",
        "nobody is watching the baby",
    ),
    "picture5": (
        "everything is covered with snow",
        "they have built a bear with a hat",
        "one boy is throwing ice at the door",
        "his sister slips and falls",
        "there is a light in the upper window",
        "a fox is hiding behind the fence",
    ),
    "topic1": (
        "last summer we drove to the coast",
        "my brother forgot the map at home",
        "it took us nine hours to get there",
        "we slept in a tiny room above a bakery",
        "the food was cheap and really good",
        "one night there was a huge storm",
        "i have never seen waves like that",
        "our car would not start the next day",
        "a farmer pulled us out of the mud",
        "i would love to go back some time",
    ),
    "topic2": (
        "i usually cook for my family on sunday",
        "first you chop the onions very small",
        "then i fry them with butter and garlic",
        "my mother adds a bit of sugar",
        "you need fresh fish for this soup",
        "the sauce has to boil for an hour",
        "our youngest does not eat mushrooms",
        "so i make her plain rice with cheese",
        "we talk about school and the news",
        "afterwards nobody wants to wash the dishes",
    ),
    "topic3": (
        "i began to swim when i was seven",
        "our coach would shout at us all morning",
        "the pool was always much too cold",
        "my best friend broke her leg that year",
        "we lost every match but the last one",
        "now i just jog around the park",
    ),
    "topic4": (
        "my first job was in a book shop",
        "the boss had a very loud voice",
        "people asked for things we did not sell",
        "i got to read on quiet days",
        "they paid me at the end of the week",
        "in march the whole street was under water",
    ),
    "topic5": (
        "i play the bass in a small band",
        "we meet in the garage of my cousin",
        "the drummer is always late",
        "he lives on the other side of town",
        "our songs are mostly about trains",
        "once we had a show with only three guests",
    ),
}
"""Pictures and topics of free speech: sentences, in any order."""
