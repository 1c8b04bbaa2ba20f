"! Payload of an entry: one JSON object whose members are the parameters of a BAPI.
"! A value is a string, a structure an object of strings, a table an array of objects of strings.
CLASS zcl_carbide_payload DEFINITION PUBLIC FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    TYPES:
      BEGIN OF parameter,
        name TYPE string,
        kind TYPE string,
        rows TYPE i,
      END OF parameter,
      parameters TYPE STANDARD TABLE OF parameter WITH DEFAULT KEY.

    CONSTANTS:
      BEGIN OF kind,
        value     TYPE string VALUE 'VALUE',
        structure TYPE string VALUE 'STRUCTURE',
        table     TYPE string VALUE 'TABLE',
      END OF kind.

    "! @parameter json              | Text as it was sent
    "! @raising   zcx_carbide_error | 012: no JSON object, or a member that no BAPI parameter can be
    CLASS-METHODS parse
      IMPORTING json          TYPE string
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_payload
      RAISING   zcx_carbide_error.

    "! @parameter result | In the order of the text
    METHODS list
      RETURNING VALUE(result) TYPE parameters.

    "! @parameter result | Initial if it is not there
    METHODS find
      IMPORTING name          TYPE string
      RETURNING VALUE(result) TYPE parameter.

    "! @parameter row    | 1 for a structure, 0 for a value
    "! @parameter result | Empty if it is not there
    METHODS get
      IMPORTING name          TYPE string
                row           TYPE i DEFAULT 1
                field         TYPE string OPTIONAL
      RETURNING VALUE(result) TYPE string.

    "! @raising zcx_carbide_error | 016: no such field; 018: SAP would cut or round the value
    METHODS fill_structure
      IMPORTING name      TYPE string
                row       TYPE i DEFAULT 1
      CHANGING  structure TYPE any
      RAISING   zcx_carbide_error.

    "! @raising zcx_carbide_error | As fill_structure
    METHODS fill_table
      IMPORTING name  TYPE string
      CHANGING  table TYPE STANDARD TABLE
      RAISING   zcx_carbide_error.
  PRIVATE SECTION.
    TYPES:
      BEGIN OF value,
        name  TYPE string,
        row   TYPE i,
        field TYPE string,
        text  TYPE string,
      END OF value,
      values TYPE STANDARD TABLE OF value WITH DEFAULT KEY.

    DATA known TYPE parameters.
    DATA texts TYPE values.
    DATA depth TYPE i.
    DATA current TYPE parameter.
    DATA field TYPE string.

    METHODS read
      IMPORTING json TYPE string
      RAISING   zcx_carbide_error cx_sxml_parse_error.
    METHODS open
      IMPORTING element TYPE REF TO if_sxml_open_element
      RAISING   zcx_carbide_error.
    METHODS open_parameter
      IMPORTING element TYPE string
                name    TYPE string
      RAISING   zcx_carbide_error.
    METHODS close.
    METHODS keep
      IMPORTING text TYPE string.
    METHODS move
      IMPORTING value TYPE value
      CHANGING  field TYPE any
      RAISING   zcx_carbide_error.
    CLASS-METHODS fail
      IMPORTING what TYPE string
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS zcl_carbide_payload IMPLEMENTATION.
  METHOD parse.
    result = NEW #( ).
    TRY.
        result->read( json ).
      CATCH cx_sxml_parse_error INTO DATA(broken).
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number   = '012'
            v1       = '{'
            previous = broken.
    ENDTRY.
  ENDMETHOD.

  METHOD read.
    IF json IS INITIAL.
      fail( `{` ).
    ENDIF.
    DATA(reader) = cl_sxml_string_reader=>create( cl_abap_codepage=>convert_to( json ) ).
    DO.
      DATA(node) = reader->read_next_node( ).
      IF node IS NOT BOUND.
        EXIT.
      ENDIF.
      CASE node->type.
        WHEN if_sxml_node=>co_nt_element_open.
          open( CAST if_sxml_open_element( node ) ).
        WHEN if_sxml_node=>co_nt_element_close.
          close( ).
        WHEN if_sxml_node=>co_nt_value.
          keep( CAST if_sxml_value_node( node )->get_value( ) ).
        WHEN OTHERS.
          CONTINUE.
      ENDCASE.
    ENDDO.
  ENDMETHOD.

  METHOD open.
    DATA(element_name) = CONV string( element->qname-name ).
    DATA name TYPE string.
    LOOP AT element->get_attributes( ) INTO DATA(attribute).
      name = attribute->get_value( ).
    ENDLOOP.
    depth = depth + 1.
    CASE depth.
      WHEN 1.
        IF element_name <> `object`.
          fail( `{` ).
        ENDIF.
      WHEN 2.
        open_parameter( element = element_name
                        name    = name ).
      WHEN 3.
        IF current-kind = kind-table.
          IF element_name <> `object`.
            fail( current-name ).
          ENDIF.
          current-rows = current-rows + 1.
        ELSEIF element_name <> `str`.
          fail( |{ current-name }-{ name }| ).
        ENDIF.
        field = name.
      WHEN 4.
        IF element_name <> `str`.
          fail( |{ current-name }-{ name }| ).
        ENDIF.
        field = name.
      WHEN OTHERS.
        fail( |{ current-name }-{ name }| ).
    ENDCASE.
  ENDMETHOD.

  METHOD open_parameter.
    current = VALUE #( name = name ).
    CLEAR field.
    CASE element.
      WHEN `str`.
        current-kind = kind-value.
      WHEN `object`.
        current-kind = kind-structure.
        current-rows = 1.
      WHEN `array`.
        current-kind = kind-table.
      WHEN OTHERS.
        fail( name ).
    ENDCASE.
  ENDMETHOD.

  METHOD close.
    IF depth = 2.
      INSERT current INTO TABLE known.
      CLEAR current.
    ENDIF.
    depth = depth - 1.
  ENDMETHOD.

  METHOD keep.
    INSERT VALUE #( name  = current-name
                    row   = current-rows
                    field = field
                    text  = text ) INTO TABLE texts.
  ENDMETHOD.

  METHOD list.
    result = known.
  ENDMETHOD.

  METHOD find.
    result = VALUE #( known[ name = name ] OPTIONAL ).
  ENDMETHOD.

  METHOD get.
    result = VALUE #( texts[ name = name row = row field = field ]-text OPTIONAL ).
  ENDMETHOD.

  METHOD fill_structure.
    FIELD-SYMBOLS <field> TYPE any.
    LOOP AT texts INTO DATA(value) WHERE name = name AND row = row.
      ASSIGN COMPONENT value-field OF STRUCTURE structure TO <field>.
      IF sy-subrc <> 0.
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '016'
            v1     = |{ name }-{ value-field }|.
      ENDIF.
      move( EXPORTING value = value
            CHANGING  field = <field> ).
    ENDLOOP.
  ENDMETHOD.

  METHOD fill_table.
    DATA line TYPE REF TO data.
    FIELD-SYMBOLS <line> TYPE any.
    CREATE DATA line LIKE LINE OF table.
    ASSIGN line->* TO <line>.
    DO find( name )-rows TIMES.
      CLEAR <line>.
      fill_structure( EXPORTING name      = name
                                row       = sy-index
                      CHANGING  structure = <line> ).
      INSERT <line> INTO TABLE table.
    ENDDO.
  ENDMETHOD.

  METHOD move.
    DATA type TYPE c LENGTH 1.
    DATA length TYPE i.
    DATA exact TYPE decfloat34.
    DATA(fits) = abap_true.
    DESCRIBE FIELD field TYPE type.
    TRY.
        CASE type.
          WHEN 'C' OR 'N' OR 'D' OR 'T'.
            DESCRIBE FIELD field LENGTH length IN CHARACTER MODE.
            fits = xsdbool( strlen( value-text ) <= length ).
            field = value-text.
          WHEN 'P' OR 'a' OR 'e' OR 'I' OR 'b' OR 's'.
            exact = value-text.
            field = exact.
            fits = xsdbool( field = exact ).
          WHEN OTHERS.
            field = value-text.
        ENDCASE.
      CATCH cx_sy_conversion_error cx_sy_arithmetic_error.
        fits = abap_false.
    ENDTRY.
    IF fits = abap_false.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '018'
          v1     = value-text
          v2     = |{ value-name }-{ value-field }|.
    ENDIF.
  ENDMETHOD.

  METHOD fail.
    RAISE EXCEPTION TYPE zcx_carbide_error
      EXPORTING
        number = '012'
        v1     = what.
  ENDMETHOD.
ENDCLASS.
