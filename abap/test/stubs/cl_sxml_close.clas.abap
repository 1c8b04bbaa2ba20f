CLASS cl_sxml_close DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES if_sxml_close_element.
    METHODS constructor.
ENDCLASS.

CLASS cl_sxml_close IMPLEMENTATION.
  METHOD constructor.
    if_sxml_node~type = if_sxml_node=>co_nt_element_close.
  ENDMETHOD.
ENDCLASS.
