"! Fields of a table
INTERFACE zif_carbide_dictionary PUBLIC.
  TYPES:
    BEGIN OF field,
      name   TYPE fieldname,
      is_key TYPE abap_bool,
      "! Type in the dictionary, as CHAR or DATS
      type   TYPE c LENGTH 4,
    END OF field,
    fields TYPE STANDARD TABLE OF field WITH DEFAULT KEY.

  "! @parameter table_name | From the list of tables
  "! @parameter result     | In their order, without the client; empty unless it is a transparent table
  METHODS fields_of
    IMPORTING table_name    TYPE tabname
    RETURNING VALUE(result) TYPE fields.
ENDINTERFACE.
