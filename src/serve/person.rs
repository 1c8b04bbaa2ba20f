//! Who may do what: roles, and local users for sites without a directory.

use std::path::{Path, PathBuf};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::secret::{Secret, others_can_read};

/// What somebody may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Looks, and exports the evidence.
    Auditor,
    /// Makes, asks for, approves, posts and takes back plans.
    Planner,
    /// The same for carbon postings.
    Finance,
    /// Reads data anew, reloads the settings, stops jobs.
    Admin,
}

impl Role {
    /// The role of a name, as groups of a directory have it.
    pub fn named(text: &str) -> Option<Self> {
        let name = text.trim().to_ascii_lowercase();
        let name = name.strip_prefix("carbide-").unwrap_or(&name);
        match name {
            "viewer" => Some(Self::Viewer),
            "auditor" => Some(Self::Auditor),
            "planner" => Some(Self::Planner),
            "finance" => Some(Self::Finance),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// A local user.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name, as it stands in the journal.
    pub name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Argon2id hash in the PHC form.
    pub password: String,
}

/// The users of a file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    #[serde(default)]
    user: Vec<User>,
}

/// Why the users cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read or written.
    #[error("the users file {path}: {reason}")]
    File {
        /// File.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "the users file {path} can be read by others (mode {mode:o}): chmod 600 {path}; nobody can log \
         on until then"
    )]
    Open {
        /// File.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Its content makes no sense.
    #[error("the users file {path}: {reason}")]
    Form {
        /// File.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// The new user makes no sense.
    #[error("{0}")]
    Refused(String),
}

/// Memory and time of one hash: 19 MiB, two passes, as OWASP advises at least for Argon2id.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

impl Users {
    /// The users of `path`; nobody, if there is no such file.
    ///
    /// # Errors
    ///
    /// [`UsersError`] if it is open to others, or makes no sense.
    pub fn load(path: &Path) -> Result<Self, UsersError> {
        let failed = |reason| UsersError::File { path: path.to_owned(), reason };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(failed(error)),
        };
        if let Some(mode) = others_can_read(path).map_err(failed)? {
            return Err(UsersError::Open { path: path.to_owned(), mode });
        }
        let wrong = |reason: String| UsersError::Form { path: path.to_owned(), reason };
        let users: Self =
            toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        for user in &users.user {
            if PasswordHash::new(&user.password).is_err() {
                return Err(wrong(format!(
                    "the password of {} is no hash; set it with `carbide serve user {} ...`",
                    user.name, user.name
                )));
            }
        }
        Ok(users)
    }

    /// Adds a user, or gives an old one a new password and new roles, and writes the file.
    ///
    /// # Errors
    ///
    /// [`UsersError::Refused`] if name, password or roles make no sense, [`UsersError::File`].
    pub fn set(
        &mut self,
        path: &Path,
        name: &str,
        roles: &[Role],
        password: &Secret,
    ) -> Result<(), UsersError> {
        let refused = |text: &str| Err(UsersError::Refused(text.to_owned()));
        let fits = |c: char| c.is_alphanumeric() || "._-@".contains(c);
        if name.is_empty() || name.chars().count() > 64 || !name.chars().all(fits) {
            return refused("a user has a name of letters, digits and ._-@, at most 64");
        }
        if roles.is_empty() {
            return refused("a user needs a --role");
        }
        if password.expose().chars().count() < 12 {
            return refused("a password has 12 characters at least");
        }
        let mut random = [0_u8; 16];
        rand::fill(&mut random);
        let salt = SaltString::encode_b64(&random)
            .map_err(|error| UsersError::Refused(error.to_string()))?;
        let hash = hasher()
            .hash_password(password.expose().as_bytes(), &salt)
            .map_err(|error| UsersError::Refused(error.to_string()))?;
        let user =
            User { name: name.to_owned(), roles: roles.to_vec(), password: hash.to_string() };
        self.user.retain(|known| known.name != name);
        self.user.push(user);
        self.write(path)
    }

    fn write(&self, path: &Path) -> Result<(), UsersError> {
        use std::io::Write;
        let failed = |reason| UsersError::File { path: path.to_owned(), reason };
        let text = toml::to_string(self).expect("names, roles and hashes have a TOML form");
        let beside = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&beside).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)
    }

    /// The user of a name and password. A name that nobody has costs as much time as a wrong
    /// password.
    pub fn prove(&self, name: &str, password: &Secret) -> Option<&User> {
        // Argon2id of nothing that anybody can type.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                              AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let user = self.user.iter().find(|user| user.name == name);
        let hash = user.map_or(NOBODY, |user| user.password.as_str());
        let hash = PasswordHash::new(hash).ok()?;
        let right = hasher().verify_password(password.expose().as_bytes(), &hash).is_ok();
        user.filter(|_| right)
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.user.is_empty()
    }

    /// Names and roles.
    pub fn list(&self) -> impl Iterator<Item = (&str, &[Role])> {
        self.user.iter().map(|user| (user.name.as_str(), user.roles.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_the_right_password_only_and_the_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let password = Secret::new("correct horse battery");
        Users::default().set(&path, "anna", &[Role::Planner], &password).unwrap();

        let users = Users::load(&path).unwrap();

        assert_eq!(users.prove("anna", &password).unwrap().roles, [Role::Planner]);
        assert!(users.prove("anna", &Secret::new("correct horse batterx")).is_none());
        assert!(users.prove("nobody", &password).is_none());
        assert!(!std::fs::read_to_string(&path).unwrap().contains("battery"));
    }

    #[cfg(unix)]
    #[test]
    fn a_users_file_that_others_can_read_lets_nobody_in() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let password = Secret::new("correct horse battery");
        Users::default().set(&path, "anna", &[Role::Planner], &password).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();

        let refusal = Users::load(&path).err().unwrap().to_string();

        assert!(refusal.contains("chmod 600"), "{refusal}");
    }

    #[test]
    fn short_passwords_and_strange_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let long = Secret::new("correct horse battery");
        let mut users = Users::default();

        assert!(users.set(&path, "anna", &[Role::Planner], &Secret::new("short")).is_err());
        assert!(users.set(&path, "an na", &[Role::Planner], &long).is_err());
        assert!(users.set(&path, "anna", &[], &long).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn groups_of_a_directory_are_roles_with_or_without_our_name_in_front() {
        assert_eq!(Role::named(" Carbide-Planner "), Some(Role::Planner));
        assert_eq!(Role::named("auditor"), Some(Role::Auditor));
        assert_eq!(Role::named("domain users"), None);
    }
}
