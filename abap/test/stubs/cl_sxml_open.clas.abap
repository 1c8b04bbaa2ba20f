CLASS cl_sxml_open DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES if_sxml_open_element.
    INTERFACES if_sxml_attribute.
    METHODS constructor
      IMPORTING element TYPE string
                name    TYPE string.
  PRIVATE SECTION.
    DATA name TYPE string.
ENDCLASS.

CLASS cl_sxml_open IMPLEMENTATION.
  METHOD constructor.
    if_sxml_node~type = if_sxml_node=>co_nt_element_open.
    if_sxml_open_element~qname-name = element.
    me->name = name.
  ENDMETHOD.

  METHOD if_sxml_open_element~get_attributes.
    IF name IS NOT INITIAL.
      INSERT CAST if_sxml_attribute( me ) INTO TABLE attr.
    ENDIF.
  ENDMETHOD.

  METHOD if_sxml_attribute~get_value.
    value = name.
  ENDMETHOD.
ENDCLASS.
