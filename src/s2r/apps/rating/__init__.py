"""The human rating study (Table II of Nguyen et al. 2025): clips, page, answers, analysis."""
