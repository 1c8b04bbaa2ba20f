"! Executes an entry once, or proves that it never will be: the contract behind Z_CARBIDE_EXEC,
"! Z_CARBIDE_CANCEL and Z_CARBIDE_STATUS
CLASS zcl_carbide_execution DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES:
      BEGIN OF answer,
        status        TYPE zcarbide_status,
        object_number TYPE zcarbide_object_number,
        messages      TYPE bapiret2_t,
      END OF answer,
      entry_keys TYPE STANDARD TABLE OF zcarbide_s_key WITH DEFAULT KEY,
      entries    TYPE STANDARD TABLE OF zcarbide_s_entry WITH DEFAULT KEY,
      BEGIN OF overview,
        entries  TYPE entries,
        messages TYPE bapiret2_t,
      END OF overview.

    TYPES:
      BEGIN OF parts,
        entries     TYPE REF TO zif_carbide_entry_store,
        leases      TYPE REF TO zif_carbide_lease_store,
        locks       TYPE REF TO zif_carbide_lock,
        transaction TYPE REF TO zif_carbide_transaction,
        operations  TYPE REF TO zif_carbide_operations,
        documents   TYPE REF TO zif_carbide_document_number,
        authority   TYPE REF TO zif_carbide_authority,
        clock       TYPE REF TO zif_carbide_clock,
        log         TYPE REF TO zif_carbide_log,
      END OF parts.

    CONSTANTS:
      BEGIN OF status,
        executed    TYPE zcarbide_status VALUE 'EXECUTED',
        duplicate   TYPE zcarbide_status VALUE 'DUPLICATE',
        tombstoned  TYPE zcarbide_status VALUE 'TOMBSTONED',
        stale_fence TYPE zcarbide_status VALUE 'STALE_FENCE',
        locked      TYPE zcarbide_status VALUE 'LOCKED',
        refused     TYPE zcarbide_status VALUE 'REFUSED',
      END OF status.

    "! @parameter environment | Everything outside of the contract itself
    METHODS constructor
      IMPORTING environment TYPE parts.

    "! Calls the BAPI of the request and commits, unless the key ran before or was cancelled
    METHODS execute
      IMPORTING request       TYPE zcl_carbide_request_check=>request
      RETURNING VALUE(result) TYPE answer.

    "! Leaves a tombstone, unless the key ran
    METHODS cancel
      IMPORTING entry_key     TYPE zcarbide_entry_key
                fence         TYPE zcarbide_fence
      RETURNING VALUE(result) TYPE answer.

    "! Tells of each key whether it ran. Absent is no promise: only a tombstone is.
    METHODS look_up
      IMPORTING entry_keys    TYPE entry_keys
      RETURNING VALUE(result) TYPE overview.
  PRIVATE SECTION.
    DATA environment TYPE parts.

    METHODS execute_locked
      IMPORTING request       TYPE zcl_carbide_request_check=>request
                payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS answer_of_before
      IMPORTING entry         TYPE zcarbide_entry
                request       TYPE zcl_carbide_request_check=>request
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS run
      IMPORTING request       TYPE zcl_carbide_request_check=>request
                payload       TYPE REF TO zcl_carbide_payload
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS cancel_locked
      IMPORTING entry_key     TYPE zcarbide_entry_key
                fence         TYPE zcarbide_fence
      RETURNING VALUE(result) TYPE answer
      RAISING   zcx_carbide_error.
    METHODS is_stale
      IMPORTING fence         TYPE zcarbide_fence
      RETURNING VALUE(result) TYPE abap_bool.
    METHODS number_of
      IMPORTING entry         TYPE zcarbide_entry
      RETURNING VALUE(result) TYPE zcarbide_object_number.
    METHODS told
      IMPORTING status        TYPE zcarbide_status
                number        TYPE symsgno
                v1            TYPE clike OPTIONAL
                v2            TYPE clike OPTIONAL
      RETURNING VALUE(result) TYPE answer.
    METHODS refused
      IMPORTING refusal       TYPE REF TO zcx_carbide_error
      RETURNING VALUE(result) TYPE answer.
    METHODS log
      IMPORTING subobject TYPE balsubobj
                entry_key TYPE zcarbide_entry_key
                answer    TYPE answer.
ENDCLASS.

CLASS zcl_carbide_execution IMPLEMENTATION.
  METHOD constructor.
    me->environment = environment.
  ENDMETHOD.

  METHOD execute.
    TRY.
        DATA(payload) = NEW zcl_carbide_request_check( )->check( request ).
        environment-authority->check( activity  = zif_carbide_authority=>activity-execute
                                      operation = request-operation ).
        DATA(locked_by) = environment-locks->lock_entry( request-entry_key ).
        IF locked_by IS NOT INITIAL.
          result = told( status = status-locked
                         number = '021'
                         v1     = request-entry_key
                         v2     = locked_by ).
        ELSE.
          result = execute_locked( request = request
                                   payload = payload ).
          environment-locks->unlock_entry( request-entry_key ).
        ENDIF.
      CATCH zcx_carbide_error INTO DATA(refusal).
        result = refused( refusal ).
        environment-locks->unlock_entry( request-entry_key ).
    ENDTRY.
    log( subobject = zif_carbide_log=>subobject-exec
         entry_key = request-entry_key
         answer    = result ).
  ENDMETHOD.

  METHOD execute_locked.
    IF is_stale( request-fence ) = abap_true.
      result = told( status = status-stale_fence
                     number = '022'
                     v1     = request-fence
                     v2     = environment-leases->read( )-fence ).
      RETURN.
    ENDIF.
    DATA(entry) = environment-entries->find( request-entry_key ).
    IF entry IS NOT INITIAL.
      result = answer_of_before( entry   = entry
                                 request = request ).
      RETURN.
    ENDIF.
    result = run( request = request
                  payload = payload ).
  ENDMETHOD.

  METHOD answer_of_before.
    IF entry-status = zif_carbide_entry_store=>status-tombstoned.
      result = told( status = status-tombstoned
                     number = '023'
                     v1     = request-entry_key ).
      RETURN.
    ENDIF.
    IF entry-operation <> request-operation
        OR to_lower( entry-request_hash ) <> to_lower( request-request_hash ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '024'
          v1     = request-entry_key.
    ENDIF.
    result-status = status-duplicate.
    result-object_number = number_of( entry ).
  ENDMETHOD.

  METHOD run.
    DATA outcome TYPE zif_carbide_operation=>outcome.
    TRY.
        outcome = environment-operations->get( request-operation )->run( operation = request-operation
                                                                         payload   = payload ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        environment-transaction->roll_back( ).
        RAISE EXCEPTION refusal.
    ENDTRY.
    result-messages = outcome-messages.
    IF zcl_carbide_message=>is_refusal( outcome-messages ) = abap_true.
      environment-transaction->roll_back( ).
      INSERT zcl_carbide_message=>error( number = '026'
                                         v1     = request-operation
                                         v2     = request-entry_key ) INTO TABLE result-messages.
      result-status = status-refused.
      RETURN.
    ENDIF.
    DATA(entry) = VALUE zcarbide_entry( entry_key     = request-entry_key
                                        status        = zif_carbide_entry_store=>status-executed
                                        operation     = request-operation
                                        object_number = outcome-object_number
                                        reference     = outcome-reference
                                        request_hash  = to_lower( request-request_hash )
                                        fence         = request-fence
                                        executed_at   = environment-clock->now( )
                                        executed_by   = sy-uname ).
    environment-entries->insert( entry ).
    IF environment-transaction->commit( ) = abap_false.
      environment-transaction->roll_back( ).
      INSERT zcl_carbide_message=>error( number = '025'
                                         v1     = request-entry_key ) INTO TABLE result-messages.
      result-status = status-refused.
      RETURN.
    ENDIF.
    result-status = status-executed.
    result-object_number = number_of( entry ).
  ENDMETHOD.

  METHOD cancel.
    TRY.
        NEW zcl_carbide_request_check( )->check_key( entry_key ).
        environment-authority->check( activity  = zif_carbide_authority=>activity-execute
                                      operation = 'CANCEL' ).
        DATA(locked_by) = environment-locks->lock_entry( entry_key ).
        IF locked_by IS NOT INITIAL.
          result = told( status = status-locked
                         number = '021'
                         v1     = entry_key
                         v2     = locked_by ).
        ELSE.
          result = cancel_locked( entry_key = entry_key
                                  fence     = fence ).
          environment-locks->unlock_entry( entry_key ).
        ENDIF.
      CATCH zcx_carbide_error INTO DATA(refusal).
        result = refused( refusal ).
        environment-locks->unlock_entry( entry_key ).
    ENDTRY.
    log( subobject = zif_carbide_log=>subobject-cancel
         entry_key = entry_key
         answer    = result ).
  ENDMETHOD.

  METHOD cancel_locked.
    IF is_stale( fence ) = abap_true.
      result = told( status = status-stale_fence
                     number = '022'
                     v1     = fence
                     v2     = environment-leases->read( )-fence ).
      RETURN.
    ENDIF.
    DATA(entry) = environment-entries->find( entry_key ).
    IF entry IS NOT INITIAL.
      result-status = entry-status.
      result-object_number = number_of( entry ).
      RETURN.
    ENDIF.
    environment-entries->insert( VALUE #( entry_key   = entry_key
                                          status      = zif_carbide_entry_store=>status-tombstoned
                                          fence       = fence
                                          executed_at = environment-clock->now( )
                                          executed_by = sy-uname ) ).
    IF environment-transaction->commit( ) = abap_false.
      environment-transaction->roll_back( ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '025'
          v1     = entry_key.
    ENDIF.
    result-status = status-tombstoned.
  ENDMETHOD.

  METHOD look_up.
    TRY.
        LOOP AT entry_keys INTO DATA(wanted).
          NEW zcl_carbide_request_check( )->check_key( wanted-key ).
        ENDLOOP.
        environment-authority->check( activity  = zif_carbide_authority=>activity-display
                                      operation = 'STATUS' ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        INSERT refusal->as_return( ) INTO TABLE result-messages.
        RETURN.
    ENDTRY.
    LOOP AT entry_keys INTO wanted.
      DATA(entry) = environment-entries->find( wanted-key ).
      DATA(row) = CORRESPONDING zcarbide_s_entry( entry ).
      row-key = wanted-key.
      row-object_number = number_of( entry ).
      IF entry IS INITIAL.
        row-status = zif_carbide_entry_store=>status-absent.
      ENDIF.
      INSERT row INTO TABLE result-entries.
    ENDLOOP.
  ENDMETHOD.

  METHOD is_stale.
    result = xsdbool( fence < environment-leases->read( )-fence ).
  ENDMETHOD.

  METHOD number_of.
    result = entry-object_number.
    IF result IS INITIAL AND entry-reference IS NOT INITIAL.
      result = environment-documents->find( entry-reference ).
    ENDIF.
  ENDMETHOD.

  METHOD told.
    result-status = status.
    INSERT zcl_carbide_message=>error( number = number
                                       v1     = v1
                                       v2     = v2 ) INTO TABLE result-messages.
  ENDMETHOD.

  METHOD refused.
    result-status = status-refused.
    INSERT refusal->as_return( ) INTO TABLE result-messages.
  ENDMETHOD.

  METHOD log.
    environment-log->write( subobject   = subobject
                            external_id = entry_key
                            messages    = answer-messages ).
  ENDMETHOD.
ENDCLASS.
