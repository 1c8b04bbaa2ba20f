CLASS cl_sxml_value DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES if_sxml_value_node.
    METHODS constructor
      IMPORTING text TYPE string.
  PRIVATE SECTION.
    DATA text TYPE string.
ENDCLASS.

CLASS cl_sxml_value IMPLEMENTATION.
  METHOD constructor.
    if_sxml_node~type = if_sxml_node=>co_nt_value.
    me->text = text.
  ENDMETHOD.

  METHOD if_sxml_value_node~get_value.
    val = text.
  ENDMETHOD.
ENDCLASS.
