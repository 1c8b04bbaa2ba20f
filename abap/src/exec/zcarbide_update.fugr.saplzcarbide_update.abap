INCLUDE lzcarbide_updatetop.
INCLUDE lzcarbide_updateuxx.
