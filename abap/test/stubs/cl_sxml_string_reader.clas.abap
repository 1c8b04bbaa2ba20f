"! Reads JSON as SAP's reader hands it out: elements object, array, str, num, bool and null; attribute name.
CLASS cl_sxml_string_reader DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES if_sxml_reader.
    CLASS-METHODS create
      IMPORTING input         TYPE xstring
      RETURNING VALUE(reader) TYPE REF TO if_sxml_reader.
    METHODS constructor
      IMPORTING input TYPE xstring.
  PRIVATE SECTION.
    DATA input TYPE xstring.
    DATA started TYPE abap_bool.
    DATA nodes TYPE STANDARD TABLE OF REF TO if_sxml_node WITH DEFAULT KEY.
    METHODS tokenize
      RAISING cx_sxml_parse_error.
    METHODS add
      IMPORTING kind    TYPE i
                element TYPE string
                name    TYPE string
                text    TYPE string.
ENDCLASS.

CLASS cl_sxml_string_reader IMPLEMENTATION.
  METHOD create.
    reader = NEW cl_sxml_string_reader( input ).
  ENDMETHOD.

  METHOD constructor.
    me->input = input.
  ENDMETHOD.

  METHOD if_sxml_reader~read_next_node.
    IF started = abap_false.
      started = abap_true.
      tokenize( ).
    ENDIF.
    LOOP AT nodes INTO node.
      DELETE nodes INDEX 1.
      RETURN.
    ENDLOOP.
    CLEAR node.
  ENDMETHOD.

  METHOD tokenize.
    DATA failed TYPE abap_bool.
    DATA(bytes) = input.
    DATA kind TYPE i.
    DATA element TYPE string.
    DATA name TYPE string.
    DATA text TYPE string.
    DATA count TYPE i.
    WRITE '@KERNEL const list = [];'.
    WRITE '@KERNEL const walk = (value, name) => {'.
    WRITE '@KERNEL   const kind = value === null ? "null" : Array.isArray(value) ? "array"'.
    WRITE '@KERNEL     : { object: "object", string: "str", number: "num", boolean: "bool" }[typeof value];'.
    WRITE '@KERNEL   list.push([1, kind, name, ""]);'.
    WRITE '@KERNEL   if (kind === "array") value.forEach((item) => walk(item, ""));'.
    WRITE '@KERNEL   else if (kind === "object") Object.entries(value).forEach(([key, item]) => walk(item, key));'.
    WRITE '@KERNEL   else if (kind !== "null" && value !== "") list.push([4, "", "", String(value)]);'.
    WRITE '@KERNEL   list.push([2, kind, "", ""]); };'.
    WRITE '@KERNEL try { walk(JSON.parse(Buffer.from(bytes.get(), "hex").toString("utf8")), ""); }'.
    WRITE '@KERNEL catch (error) { failed.set("X"); }'.
    IF failed = abap_true.
      RAISE EXCEPTION TYPE cx_sxml_parse_error.
    ENDIF.
    WRITE '@KERNEL count.set(list.length);'.
    DO count TIMES.
      WRITE '@KERNEL const token = list.shift();'.
      WRITE '@KERNEL kind.set(token[0]); element.set(token[1]); name.set(token[2]); text.set(token[3]);'.
      add( kind    = kind
           element = element
           name    = name
           text    = text ).
    ENDDO.
  ENDMETHOD.

  METHOD add.
    CASE kind.
      WHEN if_sxml_node=>co_nt_element_open.
        INSERT NEW cl_sxml_open( element = element
                                 name    = name ) INTO TABLE nodes.
      WHEN if_sxml_node=>co_nt_value.
        INSERT NEW cl_sxml_value( text ) INTO TABLE nodes.
      WHEN OTHERS.
        INSERT NEW cl_sxml_close( ) INTO TABLE nodes.
    ENDCASE.
  ENDMETHOD.
ENDCLASS.
