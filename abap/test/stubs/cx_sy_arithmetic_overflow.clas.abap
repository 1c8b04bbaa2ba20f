CLASS cx_sy_arithmetic_overflow DEFINITION PUBLIC INHERITING FROM cx_sy_arithmetic_error CREATE PUBLIC.
ENDCLASS.

CLASS cx_sy_arithmetic_overflow IMPLEMENTATION.
ENDCLASS.
