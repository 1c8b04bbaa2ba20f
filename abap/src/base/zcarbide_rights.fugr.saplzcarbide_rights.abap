INCLUDE lzcarbide_rightstop.
INCLUDE lzcarbide_rightsuxx.
