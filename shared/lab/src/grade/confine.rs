//! A launcher that gives up what the program to be started must not have, and then becomes that program.
//!
//! Nobody's privileges are needed: limits of the system (rlimits), files by Landlock, system calls by seccomp. What this machine does
//! not offer is left out, and `confine --probe` says so.

use std::collections::BTreeMap;
use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, path_beneath_rules,
};
use rlimit::Resource;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// What a program may have.
#[derive(Args, Clone, Default)]
pub struct Limits {
    /// Folders and files that may be read and run
    #[arg(long)]
    pub read: Vec<PathBuf>,
    /// Folders and files that may be read and written
    #[arg(long)]
    pub write: Vec<PathBuf>,
    /// Bytes of memory, counted as addresses
    #[arg(long, default_value_t = 4 << 30)]
    pub memory: u64,
    /// Seconds of computing, of all threads together
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Bytes of a file that is written
    #[arg(long, default_value_t = 0)]
    pub file: u64,
    /// No further processes
    #[arg(long)]
    pub alone: bool,
    /// Only say what this machine can refuse
    #[arg(long)]
    pub probe: bool,
    /// The program and its arguments
    #[arg(last = true)]
    pub program: Vec<String>,
}

impl Limits {
    /// The command that confines itself and becomes `program`.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(env::current_exe().context("looking for this program")?);
        command.arg("confine");
        for (flag, paths) in [("--read", &self.read), ("--write", &self.write)] {
            paths.iter().for_each(|path| {
                command.arg(flag).arg(path);
            });
        }
        for (flag, number) in [("--memory", self.memory), ("--seconds", self.seconds), ("--file", self.file)] {
            command.arg(flag).arg(number.to_string());
        }
        command.args(self.alone.then_some("--alone")).arg("--").args(&self.program);
        Ok(command)
    }
}

/// How far the hard limits lie above the soft ones: a program that computes too long is told so before it is killed.
const GRACE: u64 = 2;

/// Where programs and their libraries lie.
const SYSTEM: [&str; 8] =
    ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store"];

/// Confines this process, and becomes the program; returns only if something fails, or if it was only to say what held.
pub fn run(limits: &Limits) -> Result<()> {
    let held = confine(limits)?;
    if limits.probe {
        println!("{held}");
        return Ok(());
    }
    let (program, arguments) = limits.program.split_first().context("no program to start")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("starting {program}"))
}

fn confine(limits: &Limits) -> Result<String> {
    for (resource, most) in [
        (Resource::AS, limits.memory),
        (Resource::CPU, limits.seconds),
        (Resource::FSIZE, limits.file),
        (Resource::CORE, 0),
        (Resource::NOFILE, 512),
    ] {
        let hard = resource.get().map_or(most, |(_, hard)| most.saturating_add(GRACE).min(hard));
        resource.set(most.min(hard), hard).with_context(|| format!("limiting {resource:?}"))?;
    }
    let files = match files(limits)? {
        RulesetStatus::FullyEnforced => "files and network (Landlock)",
        RulesetStatus::PartiallyEnforced => "files (Landlock, in part)",
        RulesetStatus::NotEnforced => "no Landlock: files can be read",
    };
    let calls = calls(limits.alone);
    Ok(format!("memory, time and sizes of files (rlimits); {files}; {calls}"))
}

fn files(limits: &Limits) -> Result<RulesetStatus> {
    let abi = ABI::V6;
    let reading = AccessFs::from_read(abi);
    let system = SYSTEM.iter().map(PathBuf::from).chain(limits.read.iter().cloned()).filter(|path| path.exists());
    let writable = limits.write.iter().filter(|path| path.exists());
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(system, reading))?
        .add_rules(path_beneath_rules(writable, AccessFs::from_all(abi)))?
        .restrict_self()
        .context("Landlock")?;
    Ok(status.ruleset)
}

/// System calls that no computation needs.
const NEVER: [i64; 14] = [
    libc::SYS_socket,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_mount,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_pidfd_open,
    libc::SYS_kcmp,
];

/// System calls by which a program that has no further processes could only disturb others.
const NOT_ALONE: [i64; 10] = [
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    libc::SYS_setpriority,
    libc::SYS_sched_setaffinity,
    libc::SYS_shmget,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_memfd_create,
];

/// Refuses system calls, as far as this machine can.
fn calls(alone: bool) -> &'static str {
    match filters(alone).and_then(|filters| filters.into_iter().try_for_each(apply)) {
        Ok(()) => "sockets and processes (seccomp)",
        Err(_) => "no seccomp: sockets and processes are not refused",
    }
}

fn filters(alone: bool) -> Result<Vec<SeccompFilter>> {
    let architecture = env::consts::ARCH.try_into().context("seccomp")?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = NEVER.iter().map(|&call| (call, Vec::new())).collect();
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    let mut filters = Vec::new();
    if alone {
        rules.extend(NOT_ALONE.map(|call| (call, Vec::new())));
        // Its own limits are its own affair; another process's are not.
        let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
        rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![other])?]);
        #[cfg(target_arch = "x86_64")]
        rules.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
        // A thread is made by the same call as a process.
        let thread = libc::CLONE_THREAD as u64;
        let none = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![none])?]);
        // Its arguments can't be looked at; who is told that there is no such call takes the other.
        let newer = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
        filters.push(SeccompFilter::new(newer, SeccompAction::Allow, unknown, architecture)?);
    }
    filters.push(SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture)?);
    Ok(filters)
}

fn apply(filter: SeccompFilter) -> Result<()> {
    let program: BpfProgram = filter.try_into().context("seccomp")?;
    seccompiler::apply_filter(&program).context("seccomp")
}
