"! Actions of planned orders in Fiori; the handlers are local
CLASS zbp_carbideplan DEFINITION PUBLIC ABSTRACT FINAL FOR BEHAVIOR OF zr_carbideplan.
ENDCLASS.

CLASS zbp_carbideplan IMPLEMENTATION.
ENDCLASS.
