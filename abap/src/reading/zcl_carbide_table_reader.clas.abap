"! Reads tables of a fixed list: the contract behind Z_CARBIDE_READ_TABLE
CLASS zcl_carbide_table_reader DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES:
      fields TYPE STANDARD TABLE OF zcarbide_s_field WITH DEFAULT KEY,
      BEGIN OF request,
        table_name     TYPE tabname,
        fields         TYPE fields,
        conditions     TYPE zcl_carbide_table_condition=>conditions,
        max_rows       TYPE i,
        continue_after TYPE string,
      END OF request,
      BEGIN OF answer,
        rows          TYPE string,
        row_count     TYPE i,
        continue_with TYPE string,
        messages      TYPE bapiret2_t,
      END OF answer.

    "! @parameter dictionary | Fields of the tables
    "! @parameter authority  | Who may read
    "! @parameter log        | Takes refusals
    METHODS constructor
      IMPORTING dictionary TYPE REF TO zif_carbide_dictionary
                authority  TYPE REF TO zif_carbide_authority
                log        TYPE REF TO zif_carbide_log.

    "! Rows come in the order of the key without client. The next page goes on behind the last key, so that
    "! a row that stays is returned once, whatever is inserted or deleted between two calls.
    METHODS read
      IMPORTING request       TYPE request
      RETURNING VALUE(result) TYPE answer.
  PRIVATE SECTION.
    TYPES:
      BEGIN OF row,
        key  TYPE string,
        json TYPE string,
      END OF row,
      rows TYPE STANDARD TABLE OF row WITH DEFAULT KEY.

    CONSTANTS listed TYPE string VALUE `CRHD|KAKO|KAZY|KBED|T001|T001W|T003|T006|T006A|TFACS|TTYP`.
    CONSTANTS rows_max TYPE i VALUE 10000.
    CONSTANTS digest_length TYPE i VALUE 64.
    DATA dictionary TYPE REF TO zif_carbide_dictionary.
    DATA authority TYPE REF TO zif_carbide_authority.
    DATA log TYPE REF TO zif_carbide_log.

    METHODS check
      IMPORTING request       TYPE request
      RETURNING VALUE(result) TYPE zif_carbide_dictionary=>fields
      RAISING   zcx_carbide_error.
    METHODS last_key
      IMPORTING request       TYPE request
      RETURNING VALUE(result) TYPE string
      RAISING   zcx_carbide_error.
    "! @parameter result | SHA-256 of what a page has to have in common with the page before
    METHODS digest
      IMPORTING request       TYPE request
      RETURNING VALUE(result) TYPE string
      RAISING   zcx_carbide_error.
    METHODS select_rows
      IMPORTING request       TYPE request
                known         TYPE zif_carbide_dictionary=>fields
                last_key      TYPE string
      RETURNING VALUE(result) TYPE rows.
    METHODS key_of
      IMPORTING line          TYPE any
                known         TYPE zif_carbide_dictionary=>fields
      RETURNING VALUE(result) TYPE string.
    METHODS is_wanted
      IMPORTING line          TYPE any
                request       TYPE request
                known         TYPE zif_carbide_dictionary=>fields
      RETURNING VALUE(result) TYPE abap_bool.
    METHODS as_json
      IMPORTING line          TYPE any
                request       TYPE request
      RETURNING VALUE(result) TYPE string.
ENDCLASS.

CLASS zcl_carbide_table_reader IMPLEMENTATION.
  METHOD constructor.
    me->dictionary = dictionary.
    me->authority = authority.
    me->log = log.
  ENDMETHOD.

  METHOD read.
    TRY.
        DATA(known) = check( request ).
        authority->check( activity  = zif_carbide_authority=>activity-display
                          operation = 'READ_TABLE' ).
        DATA(rows) = select_rows( request  = request
                                  known    = known
                                  last_key = last_key( request ) ).
        IF lines( rows ) > request-max_rows.
          DELETE rows FROM request-max_rows + 1.
          result-continue_with = digest( request ) && rows[ request-max_rows ]-key.
        ENDIF.
        result-row_count = lines( rows ).
        result-rows = |[{ concat_lines_of( table = VALUE string_table( FOR row IN rows ( row-json ) )
                                           sep   = `,` ) }]|.
      CATCH zcx_carbide_error INTO DATA(refusal).
        INSERT refusal->as_return( ) INTO TABLE result-messages.
        log->write( subobject   = zif_carbide_log=>subobject-reading
                    external_id = request-table_name
                    messages    = result-messages ).
    ENDTRY.
  ENDMETHOD.

  METHOD check.
    IF NOT matches( val   = CONV string( request-table_name )
                    regex = listed ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '040'
          v1     = request-table_name.
    ENDIF.
    result = dictionary->fields_of( request-table_name ).
    IF result IS INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '040'
          v1     = request-table_name.
    ENDIF.
    IF request-max_rows NOT BETWEEN 1 AND rows_max.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '043'
          v1     = |{ request-max_rows }|.
    ENDIF.
    IF request-fields IS INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '041'
          v1     = ``
          v2     = request-table_name.
    ENDIF.
    LOOP AT request-fields INTO DATA(field).
      IF NOT line_exists( result[ name = field-fieldname ] ).
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '041'
            v1     = field-fieldname
            v2     = request-table_name.
      ENDIF.
    ENDLOOP.
    zcl_carbide_table_condition=>check( conditions = request-conditions
                                        fields     = result
                                        table_name = request-table_name ).
  ENDMETHOD.

  METHOD last_key.
    IF request-continue_after IS INITIAL.
      RETURN.
    ENDIF.
    IF strlen( request-continue_after ) <= digest_length
        OR substring( val = request-continue_after
                      len = digest_length ) <> digest( request ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '044'.
    ENDIF.
    result = substring( val = request-continue_after
                        off = digest_length ).
  ENDMETHOD.

  METHOD digest.
    DATA(text) = |{ sy-mandt } { request-table_name }|.
    LOOP AT request-fields INTO DATA(field).
      text = |{ text }/{ field-fieldname }|.
    ENDLOOP.
    LOOP AT request-conditions INTO DATA(condition).
      text = |{ text }/{ condition-fieldname } { condition-sign }{ condition-option } { condition-low }|
          && |/{ condition-high }|.
    ENDLOOP.
    TRY.
        cl_abap_message_digest=>calculate_hash_for_raw(
          EXPORTING
            if_algorithm  = 'SHA256'
            if_data       = cl_abap_codepage=>convert_to( text )
          IMPORTING
            ef_hashstring = result ).
      CATCH cx_abap_message_digest INTO DATA(no_digest).
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number   = '044'
            previous = no_digest.
    ENDTRY.
  ENDMETHOD.

  METHOD select_rows.
    DATA cursor TYPE cursor.
    DATA package TYPE REF TO data.
    FIELD-SYMBOLS <package> TYPE STANDARD TABLE.
    FIELD-SYMBOLS <line> TYPE any.
    CREATE DATA package TYPE STANDARD TABLE OF (request-table_name).
    ASSIGN package->* TO <package>.
    " Databases sort differently; this program's order decides what the next page is
    OPEN CURSOR @cursor FOR SELECT * FROM (request-table_name).
    DO.
      FETCH NEXT CURSOR @cursor INTO TABLE @<package> PACKAGE SIZE 5000.
      IF sy-subrc <> 0.
        EXIT.
      ENDIF.
      LOOP AT <package> ASSIGNING <line>.
        DATA(row) = VALUE row( key = key_of( line  = <line>
                                             known = known ) ).
        IF row-key > last_key AND is_wanted( line    = <line>
                                             request = request
                                             known   = known ) = abap_true.
          row-json = as_json( line    = <line>
                              request = request ).
          INSERT row INTO TABLE result.
        ENDIF.
      ENDLOOP.
      SORT result BY key.
      DELETE result FROM request-max_rows + 2.
    ENDDO.
    CLOSE CURSOR @cursor.
  ENDMETHOD.

  METHOD key_of.
    FIELD-SYMBOLS <value> TYPE any.
    LOOP AT known INTO DATA(field) WHERE is_key = abap_true.
      ASSIGN COMPONENT field-name OF STRUCTURE line TO <value>.
      " Nothing sorts before a separator, so that A comes before AB
      result = |{ result }{ <value> }{ cl_abap_char_utilities=>horizontal_tab }|.
    ENDLOOP.
  ENDMETHOD.

  METHOD is_wanted.
    FIELD-SYMBOLS <value> TYPE any.
    result = abap_true.
    LOOP AT known INTO DATA(field).
      DATA(conditions) = VALUE zcl_carbide_table_condition=>conditions(
        FOR condition IN request-conditions WHERE ( fieldname = field-name ) ( condition ) ).
      IF conditions IS INITIAL.
        CONTINUE.
      ENDIF.
      ASSIGN COMPONENT field-name OF STRUCTURE line TO <value>.
      IF zcl_carbide_table_condition=>holds( conditions = conditions
                                             is_number  = zcl_carbide_table_condition=>is_number( field-type )
                                             value      = |{ <value> }| ) = abap_false.
        result = abap_false.
        RETURN.
      ENDIF.
    ENDLOOP.
  ENDMETHOD.

  METHOD as_json.
    FIELD-SYMBOLS <value> TYPE any.
    LOOP AT request-fields INTO DATA(field).
      ASSIGN COMPONENT field-fieldname OF STRUCTURE line TO <value>.
      " A text template cuts trailing blanks and writes numbers with a dot and a leading minus
      DATA(text) = escape( val    = |{ <value> }|
                           format = cl_abap_format=>e_json_string ).
      result = result && COND string( WHEN result IS NOT INITIAL THEN `,` ) && |"{ text }"|.
    ENDLOOP.
    result = |[{ result }]|.
  ENDMETHOD.
ENDCLASS.
