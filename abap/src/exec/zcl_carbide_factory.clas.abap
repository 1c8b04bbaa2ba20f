"! The real parts behind the function modules
CLASS zcl_carbide_factory DEFINITION PUBLIC FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    "! @parameter result | Executes, cancels and looks up entries in this client
    CLASS-METHODS execution
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_execution.
    "! @parameter result | The one lease of this client
    CLASS-METHODS lease
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_lease.
    "! @parameter result | Carbon of planned orders in this client
    CLASS-METHODS plan
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_plan.
    "! @parameter result | Rights of the caller
    CLASS-METHODS rights
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_rights.
ENDCLASS.

CLASS zcl_carbide_factory IMPLEMENTATION.
  METHOD execution.
    DATA environment TYPE zcl_carbide_execution=>parts.
    environment-entries = NEW zcl_carbide_entry_store( ).
    environment-leases = NEW zcl_carbide_lease_store( ).
    environment-locks = NEW zcl_carbide_lock( ).
    environment-transaction = NEW zcl_carbide_transaction( ).
    environment-operations = NEW zcl_carbide_operations( ).
    environment-documents = NEW zcl_carbide_document_number( ).
    environment-authority = NEW zcl_carbide_authority( ).
    environment-clock = NEW zcl_carbide_clock( ).
    environment-log = NEW zcl_carbide_log( ).
    result = NEW #( environment ).
  ENDMETHOD.

  METHOD lease.
    DATA environment TYPE zcl_carbide_lease=>parts.
    environment-leases = NEW zcl_carbide_lease_store( ).
    environment-locks = NEW zcl_carbide_lock( ).
    environment-transaction = NEW zcl_carbide_transaction( ).
    environment-authority = NEW zcl_carbide_authority( ).
    environment-clock = NEW zcl_carbide_clock( ).
    environment-log = NEW zcl_carbide_log( ).
    result = NEW #( environment ).
  ENDMETHOD.

  METHOD plan.
    DATA environment TYPE zcl_carbide_plan=>parts.
    environment-store = NEW zcl_carbide_plan_store( ).
    environment-authority = NEW zcl_carbide_authority( ).
    environment-clock = NEW zcl_carbide_clock( ).
    environment-transaction = NEW zcl_carbide_transaction( ).
    result = NEW #( environment ).
  ENDMETHOD.

  METHOD rights.
    result = NEW #( authority = NEW zcl_carbide_authority( )
                    right     = NEW zcl_carbide_right( ) ).
  ENDMETHOD.
ENDCLASS.
