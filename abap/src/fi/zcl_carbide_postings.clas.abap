"! Kilograms that were posted, and whether they are those of the connector's ledger
CLASS zcl_carbide_postings DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES:
      BEGIN OF posting,
        bukrs        TYPE zcarbide_line-bukrs,
        gjahr        TYPE gjahr,
        belnr        TYPE belnr_d,
        posnr        TYPE zcarbide_line-posnr,
        budat        TYPE zcarbide_line-budat,
        period       TYPE spmon,
        scope        TYPE zcarbide_line-scope,
        kostl        TYPE zcarbide_line-kostl,
        aufnr        TYPE zcarbide_line-aufnr,
        prctr        TYPE zcarbide_line-prctr,
        kg           TYPE zcarbide_line-kg,
        kg_unit      TYPE zcarbide_line-kg_unit,
        state        TYPE zcarbide_line-state,
        evidence     TYPE zcarbide_line-evidence,
        awkey        TYPE zcarbide_line-awkey,
        reversed_key TYPE zcarbide_line-reversed_key,
      END OF posting,
      postings TYPE STANDARD TABLE OF posting WITH DEFAULT KEY,
      BEGIN OF comparison,
        fi         TYPE zcarbide_kg,
        ledger     TYPE zcarbide_kg,
        difference TYPE zcarbide_kg,
        agrees     TYPE abap_bool,
      END OF comparison.

    "! @parameter lines     | Kilograms of document lines
    "! @parameter documents | Numbers of documents by their reference
    "! @parameter authority | Who may see them
    METHODS constructor
      IMPORTING lines     TYPE REF TO zif_carbide_line_store
                documents TYPE REF TO zif_carbide_document_number
                authority TYPE REF TO zif_carbide_authority.

    "! @parameter company_code      | One company code
    "! @parameter first_day         | Posting date, first
    "! @parameter last_day          | Posting date, last
    "! @parameter result            | Every line, reversals with their own sign, also those by FB08
    "! @raising   zcx_carbide_error | 020 not allowed; 062 nothing was posted
    METHODS list
      IMPORTING company_code  TYPE bukrs
                first_day     TYPE budat
                last_day      TYPE budat
      RETURNING VALUE(result) TYPE postings
      RAISING   zcx_carbide_error.

    "! @parameter postings          | Of a list
    "! @parameter ledger_total      | As a person types it: kilograms with a dot or a comma before the decimals
    "! @parameter result            | Difference is FI less ledger
    "! @raising   zcx_carbide_error | 063 is no number
    METHODS compare
      IMPORTING postings      TYPE postings
                ledger_total  TYPE csequence
      RETURNING VALUE(result) TYPE comparison
      RAISING   zcx_carbide_error.
  PRIVATE SECTION.
    DATA lines TYPE REF TO zif_carbide_line_store.
    DATA documents TYPE REF TO zif_carbide_document_number.
    DATA authority TYPE REF TO zif_carbide_authority.
    "! What a reversal that did not come from Carbide takes back of kilograms, as lines of its own
    METHODS taken_back_by_hand
      IMPORTING company_code  TYPE bukrs
                first_day     TYPE budat
                last_day      TYPE budat
      RETURNING VALUE(result) TYPE postings.
    "! In the order of the document number: number 10, company code 4, fiscal year 4
    METHODS number_of
      IMPORTING line          TYPE zcarbide_line
      RETURNING VALUE(result) TYPE zcarbide_object_number.
ENDCLASS.

CLASS zcl_carbide_postings IMPLEMENTATION.
  METHOD constructor.
    me->lines = lines.
    me->documents = documents.
    me->authority = authority.
  ENDMETHOD.

  METHOD list.
    DATA before TYPE zcarbide_line.
    DATA number TYPE zcarbide_object_number.
    authority->check( activity  = zif_carbide_authority=>activity-display
                      operation = 'POSTINGS' ).
    authority->check_company_code( company_code ).
    LOOP AT lines->posted( company_code = company_code
                           first_day    = first_day
                           last_day     = last_day ) INTO DATA(line).
      IF line-awtyp <> before-awtyp OR line-awkey <> before-awkey OR line-awsys <> before-awsys.
        number = number_of( line ).
        before = line.
      ENDIF.
      DATA(posting) = CORRESPONDING posting( line ).
      posting-belnr = number(10).
      posting-gjahr = number+14(4).
      posting-period = line-budat(6).
      INSERT posting INTO TABLE result.
    ENDLOOP.
    INSERT LINES OF taken_back_by_hand( company_code = company_code
                                        first_day    = first_day
                                        last_day     = last_day ) INTO TABLE result.
    IF result IS INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '062'.
    ENDIF.
  ENDMETHOD.

  METHOD taken_back_by_hand.
    LOOP AT documents->reversals_of( company_code = company_code
                                     first_day    = first_day
                                     last_day     = last_day ) INTO DATA(reversal).
      DATA(own) = lines->find( object_type   = reversal-awtyp
                               object_key    = reversal-awkey
                               object_system = reversal-awsys ).
      IF own IS NOT INITIAL.
        " Reversed by Carbide: its lines are in the list
        CONTINUE.
      ENDIF.
      LOOP AT lines->find( object_type   = reversal-original_awtyp
                           object_key    = reversal-original_awkey
                           object_system = reversal-original_awsys ) INTO DATA(line).
        DATA(posting) = CORRESPONDING posting( line ).
        posting-belnr = reversal-belnr.
        posting-gjahr = reversal-gjahr.
        posting-budat = reversal-budat.
        posting-period = reversal-budat(6).
        posting-kg = - line-kg.
        posting-awkey = reversal-awkey.
        posting-reversed_key = line-awkey.
        INSERT posting INTO TABLE result.
      ENDLOOP.
    ENDLOOP.
  ENDMETHOD.

  METHOD compare.
    DATA exact TYPE decfloat34.
    DATA(digits) = replace( val  = condense( CONV string( ledger_total ) )
                            sub  = `,`
                            with = `.` ).
    IF NOT matches( val   = digits
                    regex = `-?[0-9]{1,16}(\.[0-9]{1,6})?` ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '063'
          v1     = ledger_total.
    ENDIF.
    exact = digits.
    result-ledger = exact.
    LOOP AT postings INTO DATA(posting).
      result-fi = result-fi + posting-kg.
    ENDLOOP.
    result-difference = result-fi - result-ledger.
    result-agrees = xsdbool( result-difference = 0 ).
  ENDMETHOD.

  METHOD number_of.
    DATA reference TYPE c LENGTH 40.
    IF line-awtyp = 'BKPFF'.
      result = line-awkey.
      RETURN.
    ENDIF.
    reference(5) = line-awtyp.
    reference+5(20) = line-awkey.
    reference+25(10) = line-awsys.
    result = documents->find( CONV #( reference ) ).
  ENDMETHOD.
ENDCLASS.
