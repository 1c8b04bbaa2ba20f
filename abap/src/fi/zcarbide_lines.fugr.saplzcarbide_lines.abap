INCLUDE lzcarbide_linestop.
INCLUDE lzcarbide_linesuxx.
