"! Carbon lines of accounting documents, made from EXTENSION2 and turned round by a reversal
CLASS zcl_carbide_fi_lines DEFINITION PUBLIC FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    TYPES extension TYPE STANDARD TABLE OF bapiparex WITH DEFAULT KEY.
    TYPES accounts TYPE STANDARD TABLE OF bapiacgl09 WITH DEFAULT KEY.

    "! @parameter accounts          | Lines of the document, for cost center, order and profit center
    "! @parameter result            | A row for each row of structure ZCARBIDE; other rows belong to others
    "! @raising   zcx_carbide_error | 015 or 019
    CLASS-METHODS of_document
      IMPORTING extension     TYPE extension
                accounts      TYPE accounts
                company_code  TYPE zcarbide_line-bukrs
                posting_date  TYPE zcarbide_line-budat
                object_type   TYPE zcarbide_line-awtyp
                object_key    TYPE zcarbide_line-awkey
                object_system TYPE zcarbide_line-awsys
      RETURNING VALUE(result) TYPE zif_carbide_line_store=>lines
      RAISING   zcx_carbide_error.

    "! @parameter original | Lines of the document that is reversed
    "! @parameter result   | The same lines under the reversal, with opposite sign: both sum to nothing
    CLASS-METHODS of_reversal
      IMPORTING original      TYPE zif_carbide_line_store=>lines
                posting_date  TYPE zcarbide_line-budat
                object_type   TYPE zcarbide_line-awtyp
                object_key    TYPE zcarbide_line-awkey
                object_system TYPE zcarbide_line-awsys
      RETURNING VALUE(result) TYPE zif_carbide_line_store=>lines.
ENDCLASS.

CLASS zcl_carbide_fi_lines IMPLEMENTATION.
  METHOD of_document.
    LOOP AT extension INTO DATA(row) WHERE structure = zcl_carbide_extension=>structure_name.
      DATA(line) = zcl_carbide_extension=>parse( first  = row-valuepart1
                                                 second = row-valuepart2 ).
      DATA(account) = VALUE bapiacgl09( accounts[ itemno_acc = line-item ] OPTIONAL ).
      INSERT VALUE #( awtyp    = object_type
                      awkey    = object_key
                      awsys    = object_system
                      posnr    = line-item
                      bukrs    = company_code
                      budat    = posting_date
                      kg       = line-kilograms
                      kg_unit  = 'KG'
                      scope    = line-scope
                      state    = line-state
                      evidence = line-evidence
                      kostl    = account-costcenter
                      aufnr    = account-orderid
                      prctr    = account-profit_ctr ) INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.

  METHOD of_reversal.
    LOOP AT original INTO DATA(line).
      line-reversed_key = line-awkey.
      line-awtyp = object_type.
      line-awkey = object_key.
      line-awsys = object_system.
      line-budat = posting_date.
      line-kg = - line-kg.
      INSERT line INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.
ENDCLASS.
