CLASS cx_sy_range_out_of_bounds DEFINITION PUBLIC INHERITING FROM cx_dynamic_check CREATE PUBLIC.
ENDCLASS.

CLASS cx_sy_range_out_of_bounds IMPLEMENTATION.
ENDCLASS.
