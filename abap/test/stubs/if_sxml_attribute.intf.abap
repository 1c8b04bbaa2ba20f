INTERFACE if_sxml_attribute PUBLIC.
  TYPES attributes TYPE STANDARD TABLE OF REF TO if_sxml_attribute WITH DEFAULT KEY.
  METHODS get_value
    RETURNING VALUE(value) TYPE string.
ENDINTERFACE.
