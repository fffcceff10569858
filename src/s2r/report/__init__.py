"""Stage 7, what people read: tables, figures, pages, sample videos."""
