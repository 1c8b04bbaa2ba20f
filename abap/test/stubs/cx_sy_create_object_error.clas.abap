CLASS cx_sy_create_object_error DEFINITION PUBLIC INHERITING FROM cx_static_check CREATE PUBLIC.
ENDCLASS.

CLASS cx_sy_create_object_error IMPLEMENTATION.
ENDCLASS.
