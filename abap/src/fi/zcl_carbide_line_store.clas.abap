"! Table ZCARBIDE_LINE
CLASS zcl_carbide_line_store DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES zif_carbide_line_store.
ENDCLASS.

CLASS zcl_carbide_line_store IMPLEMENTATION.
  METHOD zif_carbide_line_store~find.
    SELECT * FROM zcarbide_line
      WHERE awtyp = @object_type AND awkey = @object_key AND awsys = @object_system
      ORDER BY PRIMARY KEY
      INTO TABLE @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_line_store~posted.
    SELECT * FROM zcarbide_line
      WHERE bukrs = @company_code AND budat >= @first_day AND budat <= @last_day
      ORDER BY PRIMARY KEY
      INTO TABLE @result.
    IF sy-subrc <> 0.
      CLEAR result.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_line_store~insert.
    IF lines IS INITIAL.
      RETURN.
    ENDIF.
    DATA(rows) = lines.
    CALL FUNCTION 'Z_CARBIDE_LINES_INSERT' IN UPDATE TASK
      TABLES
        lines = rows.
  ENDMETHOD.
ENDCLASS.
