"""One process of several whose second one fails at a given clip; frames are memory-mapped."""

import sys

from s2r.core.errors import UserError
from s2r.training import distributed
from s2r.training import launch as train_run
from s2r.training import loss as training
from s2r.training import windows as clips

clips.MEMORY_LIMIT = 0
loss = training.training_loss


def failing(prepared, settings, seen, model):
    if seen == int(sys.argv[2]) and distributed.rank() == 1:
        raise UserError("the second one failed")
    return loss(prepared, settings, seen, model)


training.training_loss = failing
train_run.main()
