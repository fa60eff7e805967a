"""Who acts next. The only package that imports Viewflow."""
