CLASS cl_abap_char_utilities DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CONSTANTS horizontal_tab TYPE c LENGTH 1 VALUE '|'.
    CLASS-METHODS class_constructor.
ENDCLASS.

CLASS cl_abap_char_utilities IMPLEMENTATION.
  METHOD class_constructor.
    WRITE '@KERNEL cl_abap_char_utilities.horizontal_tab.set("\t");'.
  ENDMETHOD.
ENDCLASS.
