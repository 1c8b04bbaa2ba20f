INCLUDE lzcarbide_exectop.
INCLUDE lzcarbide_execuxx.
