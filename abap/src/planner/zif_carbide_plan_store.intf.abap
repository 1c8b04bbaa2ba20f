"! Tables ZCARBIDE_PLAN and ZCARBIDE_REQUEST
INTERFACE zif_carbide_plan_store PUBLIC.
  TYPES plans TYPE STANDARD TABLE OF zcarbide_plan WITH DEFAULT KEY.
  TYPES requests TYPE STANDARD TABLE OF zcarbide_request WITH DEFAULT KEY.

  CONSTANTS:
    BEGIN OF status,
      open    TYPE zcarbide_status VALUE 'OPEN',
      done    TYPE zcarbide_status VALUE 'DONE',
      refused TYPE zcarbide_status VALUE 'REFUSED',
    END OF status.

  "! @parameter result | Initial if nothing is planned for it
  METHODS find
    IMPORTING requirement   TYPE zcarbide_plan-requirement
    RETURNING VALUE(result) TYPE zcarbide_plan.

  "! @parameter result | By requirement
  METHODS in_plant
    IMPORTING plant         TYPE zcarbide_plan-plwrk
    RETURNING VALUE(result) TYPE plans.

  "! Rows of these requirements become what is given; those of others stay
  METHODS put
    IMPORTING plans TYPE plans.

  "! @parameter result | Not yet answered, the oldest first
  METHODS open_requests
    RETURNING VALUE(result) TYPE requests.

  "! @parameter now               | When it is asked for
  "! @parameter result            | Key that no other request has, of the same second neither; it sorts by time
  "! @raising   zcx_carbide_error | 025 SAP gives no number
  METHODS new_request_id
    IMPORTING now           TYPE zcarbide_request-requested_at
    RETURNING VALUE(result) TYPE zcarbide_request-request_id
    RAISING   zcx_carbide_error.

  "! A new request, or one with its answer
  METHODS put_request
    IMPORTING request TYPE zcarbide_request.
ENDINTERFACE.
