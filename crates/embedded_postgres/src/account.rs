//! Who runs Postgres: ourselves, or, since Postgres refuses root, an unprivileged user in root's place.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use crate::Error;

/// The user that owns the cluster and runs its programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub uid: u32,
    gid: u32,
    /// Whether we are root and have to become this user.
    switch: bool,
}

impl Account {
    /// The account for a cluster in `folder`, which may not exist yet.
    pub fn for_cluster(folder: &Path) -> Result<Self, Error> {
        let (uid, gid) = ourselves()?;
        let owner = fs::metadata(folder).ok().map(|found| (found.uid(), found.gid()));
        match owner {
            _ if uid != 0 => match owner {
                Some((owner, _)) if owner != uid => Err(Error::NotOwner { folder: folder.into(), owner }),
                _ => Ok(Self { uid, gid, switch: false }),
            },
            // A folder that an ordinary user made stays that user's.
            Some((owner, group)) if owner != 0 => Ok(Self { uid: owner, gid: group, switch: true }),
            _ => {
                let (uid, gid) = user("postgres").or_else(|| user("nobody")).ok_or(Error::NoAccount)?;
                Ok(Self { uid, gid, switch: true })
            }
        }
    }

    /// A command that runs as this account, deaf to the settings of other Postgres programs.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The caller's folder may be closed to the account.
        command.current_dir("/").env("LC_ALL", "C");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Hands a file or folder to this account.
    pub fn give(&self, path: &Path) -> Result<(), Error> {
        if self.switch {
            chown(path, Some(self.uid), Some(self.gid)).map_err(Error::io("change the owner of", path))?;
        }
        Ok(())
    }

    /// Hands over a folder with all that is in it, links themselves and not where they lead.
    pub fn give_all(&self, folder: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        std::os::unix::fs::lchown(folder, Some(self.uid), Some(self.gid))
            .map_err(Error::io("change the owner of", folder))?;
        if fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
            for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
                self.give_all(&entry.map_err(Error::io("read", folder))?.path())?;
            }
        }
        Ok(())
    }

    /// Whether the account may enter this folder: every folder above it has a say, so it is tried.
    pub fn can_enter(&self, folder: &Path) -> bool {
        if !self.switch {
            return true;
        }
        let mut test = self.command(Path::new("/bin/sh"));
        test.args(["-c", "test -x \"$1\"", "sh"]).arg(folder).status().is_ok_and(|status| status.success())
    }

    pub fn owns(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| found.uid() == self.uid)
    }
}

/// Our effective user and group.
fn ourselves() -> Result<(u32, u32), Error> {
    // Without calling into libc: a process owns its own folder in /proc, and elsewhere `id` knows.
    if let Ok(own) = fs::metadata("/proc/self") {
        return Ok((own.uid(), own.gid()));
    }
    let id = |flag| {
        let answer = Command::new("id").arg(flag).output().map_err(Error::io("run", "id"))?;
        Ok(String::from_utf8_lossy(&answer.stdout).trim().parse().unwrap_or(u32::MAX))
    };
    Ok((id("-u")?, id("-g")?))
}

fn user(name: &str) -> Option<(u32, u32)> {
    fs::read_to_string("/etc/passwd").ok()?.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}
