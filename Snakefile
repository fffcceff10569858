# The workflow itself is in workflow/. A bare include has no default target, so it is set here.
include: "workflow/Snakefile"


workflow.default_target = "all"
