"! Moves the carbon of EXTENSION2 into the lines of a document that is about to be posted, whatever program
"! posts it, and checks that both say the same. Which of the fields ZZCRB_... a line has is the plant's choice:
"! those that are not there are left out.
CLASS zcl_carbide_line_fields DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    "! @parameter extension | EXTENSION2 of the BAPI; rows of other structures belong to others
    "! @parameter lines     | Like ACCIT: POSNR, MENGE, MEINS, and the fields ZZCRB_... that were added
    "! @parameter messages  | Gains 014, 015, 017 or 019 of type E, which stop the posting
    METHODS fill
      IMPORTING extension TYPE zcl_carbide_fi_lines=>extension
      CHANGING  lines     TYPE ANY TABLE
                messages  TYPE bapiret2_t.
  PRIVATE SECTION.
    TYPES quantity TYPE p LENGTH 12 DECIMALS 3.

    METHODS fill_line
      IMPORTING carbon TYPE zcl_carbide_extension=>line
      CHANGING  lines  TYPE ANY TABLE
      RAISING   zcx_carbide_error.
    METHODS check
      IMPORTING carbon TYPE zcl_carbide_extension=>line
                line   TYPE any
      RAISING   zcx_carbide_error.
    METHODS value_of
      IMPORTING line          TYPE any
                name          TYPE string
      RETURNING VALUE(result) TYPE string.
    METHODS set
      IMPORTING name  TYPE string
                value TYPE simple
      CHANGING  line  TYPE any.
ENDCLASS.

CLASS zcl_carbide_line_fields IMPLEMENTATION.
  METHOD fill.
    LOOP AT extension INTO DATA(row) WHERE structure = zcl_carbide_extension=>structure_name.
      TRY.
          fill_line( EXPORTING carbon = zcl_carbide_extension=>parse( first  = row-valuepart1
                                                                      second = row-valuepart2 )
                     CHANGING  lines  = lines ).
        CATCH zcx_carbide_error INTO DATA(refusal).
          INSERT refusal->as_return( ) INTO TABLE messages.
      ENDTRY.
    ENDLOOP.
  ENDMETHOD.

  METHOD fill_line.
    LOOP AT lines ASSIGNING FIELD-SYMBOL(<line>).
      IF CONV zcl_carbide_extension=>line-item( value_of( line = <line>
                                                          name = `POSNR` ) ) = carbon-item.
        check( carbon = carbon
               line   = <line> ).
        set( EXPORTING name  = `ZZCRB_KG`
                       value = carbon-kilograms
             CHANGING  line  = <line> ).
        set( EXPORTING name  = `ZZCRB_UNIT`
                       value = 'KG'
             CHANGING  line  = <line> ).
        set( EXPORTING name  = `ZZCRB_SCOPE`
                       value = carbon-scope
             CHANGING  line  = <line> ).
        set( EXPORTING name  = `ZZCRB_STATE`
                       value = carbon-state
             CHANGING  line  = <line> ).
        set( EXPORTING name  = `ZZCRB_EVIDENCE`
                       value = carbon-evidence
             CHANGING  line  = <line> ).
        RETURN.
      ENDIF.
    ENDLOOP.
    RAISE EXCEPTION TYPE zcx_carbide_error
      EXPORTING
        number = '017'
        v1     = carbon-item
        v2     = |{ carbon-kilograms }|.
  ENDMETHOD.

  METHOD check.
    DATA in_line TYPE quantity.
    DATA in_extension TYPE quantity.
    in_line = value_of( line = line
                        name = `MENGE` ).
    in_extension = carbon-kilograms.
    IF in_line = 0.
      " A line of money only: its kilograms stand in the carbon fields alone
      RETURN.
    ENDIF.
    IF value_of( line = line
                 name = `MEINS` ) <> `KG`.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '014'
          v1     = |{ carbon-item }|.
    ENDIF.
    " MENGE has no sign of its own in some documents: debit and credit tell it
    IF abs( in_line ) <> abs( in_extension ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '017'
          v1     = carbon-item
          v2     = |{ carbon-kilograms }|
          v3     = |{ in_line }|.
    ENDIF.
  ENDMETHOD.

  METHOD value_of.
    ASSIGN COMPONENT name OF STRUCTURE line TO FIELD-SYMBOL(<field>).
    IF sy-subrc = 0.
      result = condense( |{ <field> }| ).
    ENDIF.
  ENDMETHOD.

  METHOD set.
    ASSIGN COMPONENT name OF STRUCTURE line TO FIELD-SYMBOL(<field>).
    IF sy-subrc = 0.
      <field> = value.
    ENDIF.
  ENDMETHOD.
ENDCLASS.
