import Foundations
import IPC
import LinuxABI
import Machine
import PageFrames
import Processes
import Security
import Synchronization
import SyntheticFiles
import VFS
import VirtualMemory

/// /proc/sys: what can be set while the kernel runs. Source: proc_sys(5).
extension ProcessFileSystem {
  func addControls(to root: SyntheticDirectory) throws(Errno) {
    let directory = try root.addDirectory("sys")
    try addKernelControls(to: try directory.addDirectory("kernel"))
    try addMemoryControls(to: try directory.addDirectory("vm"))
    try addFileControls(to: try directory.addDirectory("fs"))
  }

  /// Source: proc_sys_kernel(5).
  private func addKernelControls(to kernel: SyntheticDirectory) throws(Errno) {
    let (facts, tree) = (facts, tree)
    try kernel.addText("ostype") { "Linux" }
    try kernel.addText("osrelease") { SystemNames.release }
    try kernel.addText("version") { SystemNames.version }
    try kernel.addName("hostname") {
      SystemNames.hostName
    } set: { name in
      SystemNames.hostName = name
    }
    try kernel.addName("domainname") {
      SystemNames.domainName
    } set: { name in
      SystemNames.domainName = name
    }
    try kernel.addNumber("pid_max") { Int64(tree.numberLimit) }
    try kernel.addNumber("threads-max") { Int64(tree.numberLimit) }
    try kernel.addNumber("ngroups_max") { Int64(GroupList.limit) }
    try kernel.addNumber("cap_last_cap") { Int64(Capability.CAP_CHECKPOINT_RESTORE.rawValue) }
    try kernel.addNumber("randomize_va_space") { 2 }
    try kernel.addNumber("ns_last_pid") { Int64(tree.lastNumber) }
    try kernel.addText("arch") { SystemNames.machine }
    try kernel.addText("core_pattern") { "core" }
    // What is not so, and what is never shown.
    for name: StaticString in ["panic", "tainted", "core_uses_pid", "core_pipe_limit", "sysrq", "dmesg_restrict"] {
      try kernel.addNumber(name) { 0 }
    }
    try kernel.addNumber("kptr_restrict") { 2 }
    try kernel.addNumber("modules_disabled") { 1 }
    try kernel.addNumber("overflowuid") { 65_534 }
    try kernel.addNumber("overflowgid") { 65_534 }
    try addRandomControls(to: try kernel.addDirectory("random"))
    let filters = try kernel.addDirectory("seccomp")
    try filters.addText("actions_avail") { "kill_process kill_thread trap errno trace log allow" }
    try kernel.add("printk") { text in
      let levels = facts.logLevels
      for level in [levels.0, levels.1, levels.2] {
        text.write(decimal: level)
        text.write("\t")
      }
      text.write(decimal: levels.3)
      text.write("\n")
    }
  }

  /// Source: random(4).
  private func addRandomControls(to random: SyntheticDirectory) throws(Errno) {
    // In bits. The generator is never short of anything once it has been seeded.
    try random.addNumber("poolsize") { 256 }
    try random.addNumber("entropy_avail") { 256 }
    try random.add("uuid") { text in UniqueIdentifier().write(to: &text) }
    let boot = UniqueIdentifier()
    try random.add("boot_id") { text in boot.write(to: &text) }
  }

  /// Source: proc_sys_vm(5).
  private func addMemoryControls(to memory: SyntheticDirectory) throws(Errno) {
    try memory.addNumber("overcommit_memory", 0...2) {
      Int64(CommitAccount.policy.rawValue)
    } set: { value in
      CommitAccount.policy = CommitAccount.Policy(rawValue: Int(value)) ?? .heuristic
    }
    try memory.addNumber("overcommit_ratio", 0...Int64(Int32.max)) {
      Int64(CommitAccount.ratio)
    } set: { value in
      CommitAccount.ratio = Int(value)
    }
    let facts = facts
    try memory.add(
      "drop_caches", permissions: 0o200, { text in },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        guard let number = ControlText.integer(text), (1...4).contains(number) else { throw .EINVAL }
        facts.dropCaches(pages: number & 1 != 0, objects: number & 2 != 0)
      })
    // There are no huge pages set aside, and no limits but the ratio.
    for name: StaticString in [
      "nr_hugepages", "nr_overcommit_hugepages", "overcommit_kbytes", "panic_on_oom", "oom_kill_allocating_task",
      "zone_reclaim_mode",
    ] {
      try memory.addNumber(name) { 0 }
    }
    try memory.addNumber("max_map_count") { Int64(AddressSpaceLimits().areaCount) }
    try memory.addNumber("mmap_min_addr") { 65_536 }
    try memory.addNumber("min_free_kbytes") {
      Int64(FrameAllocator.figures.watermarks.minimum) * 4
    }
  }

  /// Source: proc_sys_fs(5).
  private func addFileControls(to files: SyntheticDirectory) throws(Errno) {
    try files.addNumber("pipe-max-size") { Int64(Pipe.unprivilegedLimit) }
    // Unlimited.
    try files.addNumber("pipe-user-pages-soft") { Int64(Pipe.userLimit) }
    try files.addNumber("pipe-user-pages-hard") { 0 }
    try files.addNumber("suid_dumpable") { 0 }
    try files.addNumber("protected_hardlinks") { 1 }
    try files.addNumber("protected_symlinks") { 1 }
    try files.addNumber("protected_fifos") { 1 }
    try files.addNumber("protected_regular") { 2 }
    try files.addNumber("overflowuid") { 65_534 }
    try files.addNumber("overflowgid") { 65_534 }
    try files.addNumber("nr_open") { Int64(DescriptorTable.hardLimit) }
    try files.addNumber("file-max") { Int64.max }
  }
}
