"! Dictionary of SAP, tables DD02L and DD03L
CLASS zcl_carbide_dictionary DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_dictionary.
ENDCLASS.

CLASS zcl_carbide_dictionary IMPLEMENTATION.
  METHOD zif_carbide_dictionary~fields_of.
    SELECT SINGLE tabclass FROM dd02l
      WHERE tabname = @table_name AND as4local = 'A' AND as4vers = '0000'
      INTO @DATA(table_class).
    IF sy-subrc <> 0 OR table_class <> 'TRANSP'.
      RETURN.
    ENDIF.
    " Rows whose name begins with a dot are includes
    SELECT fieldname AS name, keyflag AS is_key, datatype AS type FROM dd03l
      WHERE tabname = @table_name AND as4local = 'A' AND as4vers = '0000'
        AND fieldname NOT LIKE '.%' AND datatype <> 'CLNT'
      ORDER BY position
      INTO TABLE @result ##SUBRC_OK.
  ENDMETHOD.
ENDCLASS.
