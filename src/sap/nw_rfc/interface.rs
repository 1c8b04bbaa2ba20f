//! The C interface of SAP's NW RFC library 7.50, as far as it is used: types, and the functions found
//! by name in a library that was loaded at run time. Nothing of SAP's is compiled in.
//!
//! Layouts and signatures are facts of the documented interface (the declarations in SAP's open
//! PyRFC say the same). That the numbers behind the enumerations are those of the library at hand is
//! checked when it is loaded, by asking it for their names.

use std::ffi::{c_int, c_uint, c_void};

use libloading::Library;

/// `SAP_UC`: one UTF-16 code unit.
pub type Uc = u16;
/// `RFC_RC`
pub type Rc = c_int;
/// Any of the opaque handles.
pub type Handle = *mut c_void;

/// `RFC_CONNECTION_PARAMETER`
#[repr(C)]
pub struct ConnectionParameter {
    pub name: *const Uc,
    pub value: *const Uc,
}

/// `RFC_ERROR_INFO`
#[repr(C)]
pub struct ErrorInfo {
    pub code: Rc,
    pub group: c_int,
    pub key: [Uc; 128],
    pub message: [Uc; 512],
    pub message_class: [Uc; 21],
    pub message_type: [Uc; 2],
    pub message_number: [Uc; 4],
    pub variables: [[Uc; 51]; 4],
}

impl Default for ErrorInfo {
    fn default() -> Self {
        Self {
            code: 0,
            group: 0,
            key: [0; 128],
            message: [0; 512],
            message_class: [0; 21],
            message_type: [0; 2],
            message_number: [0; 4],
            variables: [[0; 51]; 4],
        }
    }
}

/// `RFC_PARAMETER_DESC`
#[repr(C)]
pub struct ParameterDesc {
    pub name: [Uc; 31],
    pub direction: c_int,
    pub kind: c_int,
    pub nuc_length: c_uint,
    pub uc_length: c_uint,
    pub decimals: c_uint,
    pub type_desc: Handle,
    pub default_value: [Uc; 31],
    pub text: [Uc; 80],
    pub optional: u8,
    pub extended: *mut c_void,
}

impl Default for ParameterDesc {
    fn default() -> Self {
        Self {
            name: [0; 31],
            direction: 0,
            kind: 0,
            nuc_length: 0,
            uc_length: 0,
            decimals: 0,
            type_desc: std::ptr::null_mut(),
            default_value: [0; 31],
            text: [0; 80],
            optional: 0,
            extended: std::ptr::null_mut(),
        }
    }
}

/// `RFC_FIELD_DESC`
#[repr(C)]
pub struct FieldDesc {
    pub name: [Uc; 31],
    pub kind: c_int,
    pub nuc_length: c_uint,
    pub nuc_offset: c_uint,
    pub uc_length: c_uint,
    pub uc_offset: c_uint,
    pub decimals: c_uint,
    pub type_desc: Handle,
    pub extended: *mut c_void,
}

impl Default for FieldDesc {
    fn default() -> Self {
        Self {
            name: [0; 31],
            kind: 0,
            nuc_length: 0,
            nuc_offset: 0,
            uc_length: 0,
            uc_offset: 0,
            decimals: 0,
            type_desc: std::ptr::null_mut(),
            extended: std::ptr::null_mut(),
        }
    }
}

/// `RFC_ATTRIBUTES`, with room behind it for what a later patch level may add.
#[repr(C)]
pub struct Attributes {
    pub dest: [Uc; 65],
    pub host: [Uc; 101],
    pub partner_host: [Uc; 101],
    pub sys_number: [Uc; 3],
    pub sys_id: [Uc; 9],
    pub client: [Uc; 4],
    pub user: [Uc; 13],
    pub language: [Uc; 3],
    pub trace: [Uc; 2],
    pub iso_language: [Uc; 3],
    pub codepage: [Uc; 5],
    pub partner_codepage: [Uc; 5],
    pub rfc_role: [Uc; 2],
    pub kind: [Uc; 2],
    pub partner_kind: [Uc; 2],
    pub release: [Uc; 5],
    pub partner_release: [Uc; 5],
    pub kernel_release: [Uc; 5],
    pub cpic_conversation: [Uc; 9],
    pub program: [Uc; 129],
    pub partner_bytes_per_char: [Uc; 2],
    pub partner_system_codepage: [Uc; 5],
    pub partner_ip: [Uc; 16],
    pub partner_ipv6: [Uc; 46],
    pub reserved: [Uc; 17],
    pub room: [Uc; 256],
}

/// `RFC_TID`: 24 characters and a zero.
pub type Tid = [Uc; 25];

macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) -> $answer:ty;)*) => {
        /// The functions of one loaded library.
        #[expect(non_snake_case, reason = "the names of the symbols")]
        pub struct Functions {
            $(pub $name: unsafe extern "system" fn($($argument),*) -> $answer,)*
        }

        impl Functions {
            /// Looks up every function.
            ///
            /// # Errors
            ///
            /// The name of the first that is not there.
            ///
            /// # Safety
            ///
            /// The library must be SAP's, or one that keeps to the same interface, and must stay
            /// loaded as long as the functions are used.
            pub unsafe fn of(library: &Library) -> Result<Self, &'static str> {
                Ok(Self {
                    $($name: {
                        // SAFETY: the type is that of the documented interface; the caller vouches
                        // for the library.
                        let symbol = unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) };
                        *symbol.map_err(|_| stringify!($name))?
                    },)*
                })
            }
        }
    };
}

functions! {
    RfcGetVersion: fn(*mut c_uint, *mut c_uint, *mut c_uint) -> *const Uc;
    RfcGetTypeAsString: fn(c_int) -> *const Uc;
    RfcGetRcAsString: fn(Rc) -> *const Uc;
    RfcGetDirectionAsString: fn(c_int) -> *const Uc;

    RfcOpenConnection: fn(*const ConnectionParameter, c_uint, *mut ErrorInfo) -> Handle;
    RfcCloseConnection: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcPing: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcCancel: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcResetServerContext: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcIsConnectionHandleValid: fn(Handle, *mut c_int, *mut ErrorInfo) -> Rc;
    RfcGetConnectionAttributes: fn(Handle, *mut Attributes, *mut ErrorInfo) -> Rc;

    RfcGetFunctionDesc: fn(Handle, *const Uc, *mut ErrorInfo) -> Handle;
    RfcRemoveFunctionDesc: fn(*const Uc, *const Uc, *mut ErrorInfo) -> Rc;
    RfcGetParameterCount: fn(Handle, *mut c_uint, *mut ErrorInfo) -> Rc;
    RfcGetParameterDescByIndex: fn(Handle, c_uint, *mut ParameterDesc, *mut ErrorInfo) -> Rc;
    RfcGetFieldCount: fn(Handle, *mut c_uint, *mut ErrorInfo) -> Rc;
    RfcGetFieldDescByIndex: fn(Handle, c_uint, *mut FieldDesc, *mut ErrorInfo) -> Rc;

    RfcCreateFunction: fn(Handle, *mut ErrorInfo) -> Handle;
    RfcDestroyFunction: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcInvoke: fn(Handle, Handle, *mut ErrorInfo) -> Rc;

    RfcSetChars: fn(Handle, *const Uc, *const Uc, c_uint, *mut ErrorInfo) -> Rc;
    RfcSetNum: fn(Handle, *const Uc, *const Uc, c_uint, *mut ErrorInfo) -> Rc;
    RfcSetString: fn(Handle, *const Uc, *const Uc, c_uint, *mut ErrorInfo) -> Rc;
    RfcSetBytes: fn(Handle, *const Uc, *const u8, c_uint, *mut ErrorInfo) -> Rc;
    RfcSetXString: fn(Handle, *const Uc, *const u8, c_uint, *mut ErrorInfo) -> Rc;
    RfcSetInt: fn(Handle, *const Uc, i32, *mut ErrorInfo) -> Rc;
    RfcSetInt8: fn(Handle, *const Uc, i64, *mut ErrorInfo) -> Rc;
    RfcSetFloat: fn(Handle, *const Uc, f64, *mut ErrorInfo) -> Rc;
    RfcSetDate: fn(Handle, *const Uc, *const Uc, *mut ErrorInfo) -> Rc;
    RfcSetTime: fn(Handle, *const Uc, *const Uc, *mut ErrorInfo) -> Rc;

    RfcGetChars: fn(Handle, *const Uc, *mut Uc, c_uint, *mut ErrorInfo) -> Rc;
    RfcGetNum: fn(Handle, *const Uc, *mut Uc, c_uint, *mut ErrorInfo) -> Rc;
    RfcGetString: fn(Handle, *const Uc, *mut Uc, c_uint, *mut c_uint, *mut ErrorInfo) -> Rc;
    RfcGetXString: fn(Handle, *const Uc, *mut u8, c_uint, *mut c_uint, *mut ErrorInfo) -> Rc;
    RfcGetStringLength: fn(Handle, *const Uc, *mut c_uint, *mut ErrorInfo) -> Rc;
    RfcGetBytes: fn(Handle, *const Uc, *mut u8, c_uint, *mut ErrorInfo) -> Rc;
    RfcGetInt: fn(Handle, *const Uc, *mut i32, *mut ErrorInfo) -> Rc;
    RfcGetInt1: fn(Handle, *const Uc, *mut u8, *mut ErrorInfo) -> Rc;
    RfcGetInt2: fn(Handle, *const Uc, *mut i16, *mut ErrorInfo) -> Rc;
    RfcGetInt8: fn(Handle, *const Uc, *mut i64, *mut ErrorInfo) -> Rc;
    RfcGetFloat: fn(Handle, *const Uc, *mut f64, *mut ErrorInfo) -> Rc;
    RfcGetDate: fn(Handle, *const Uc, *mut Uc, *mut ErrorInfo) -> Rc;
    RfcGetTime: fn(Handle, *const Uc, *mut Uc, *mut ErrorInfo) -> Rc;
    RfcGetStructure: fn(Handle, *const Uc, *mut Handle, *mut ErrorInfo) -> Rc;
    RfcGetTable: fn(Handle, *const Uc, *mut Handle, *mut ErrorInfo) -> Rc;
    RfcGetRowCount: fn(Handle, *mut c_uint, *mut ErrorInfo) -> Rc;
    RfcMoveTo: fn(Handle, c_uint, *mut ErrorInfo) -> Rc;
    RfcAppendNewRow: fn(Handle, *mut ErrorInfo) -> Handle;

    RfcGetTransactionID: fn(Handle, *mut Tid, *mut ErrorInfo) -> Rc;
    RfcCreateTransaction: fn(Handle, *const Uc, *const Uc, *mut ErrorInfo) -> Handle;
    RfcInvokeInTransaction: fn(Handle, Handle, *mut ErrorInfo) -> Rc;
    RfcSubmitTransaction: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcConfirmTransaction: fn(Handle, *mut ErrorInfo) -> Rc;
    RfcDestroyTransaction: fn(Handle, *mut ErrorInfo) -> Rc;
}
