import Foundations
import LinuxABI
import Machine
import Processes
import VFS
import VirtualMemory
import Waiting

/// mmap(2) and its relatives: the program's address space does the work.
extension SystemCallContext {
  private static let pageMask: UInt64 = 4_095

  /// The memory of the program that calls.
  ///
  /// - Throws: `EFAULT` for a task without a program.
  private var space: AddressSpace {
    get throws(Errno) {
      guard let memory = task.memory else { throw .EFAULT }
      return memory.space
    }
  }

  // MARK: Mapping

  /// mmap(2)
  func mmap(
    _ address: UInt64, _ byteCount: UInt64, _ protection: LinuxABI.Protection, _ flags: LinuxABI.MapFlags,
    _ descriptor: Int32, _ offset: Int64
  ) throws(Errno) -> UInt64 {
    guard offset & Int64(Self.pageMask) == 0 else { throw .EINVAL }
    var request = MapRequest(
      address: address, byteCount: byteCount, protection: implied(protection),
      flags: VirtualMemory.MapFlags(rawValue: UInt32(truncatingIfNeeded: flags.rawValue)),
      offset: UInt64(bitPattern: offset))
    if request.flags.contains(.anonymous) { return try space.map(request) { task.isEnding } }
    let file = try task.files.usableFile(Descriptor(rawValue: descriptor))
    // Where seals may still come, none is to come between the look at them and the mapping, which would make it void.
    guard let seals = file.inode.seals, !seals.contains(.F_SEAL_SEAL) else { return try map(file, &request) }
    return try file.inode.lock.withLock { () throws(Errno) in try map(file, &request) }
  }

  private func map(_ file: OpenFile, _ request: inout MapRequest) throws(Errno) -> UInt64 {
    try add(file, to: &request)
    return try space.map(request) { task.isEnding }
  }

  /// Adds what is to be mapped, and what it allows.
  private func add(_ file: OpenFile, to request: inout MapRequest) throws(Errno) {
    if request.flags.contains(.hugeTable) { throw .EINVAL }
    guard request.byteCount > 0 else { throw .EINVAL }
    let isShared = request.flags.contains(.shared)
    let isSealed = !(file.inode.seals ?? []).isDisjoint(with: [.F_SEAL_WRITE, .F_SEAL_FUTURE_WRITE])
    let mayWrite = !isShared || file.mode.contains(.write) && !isSealed
    let mayExecute = !file.path.mount.restrictions.contains(.noExecution)
    // Refused here because it comes before the refusal of a file that cannot be mapped at all.
    if !file.mode.contains(.read) || request.protection.contains(.write) && isShared && !file.mode.contains(.write) {
      throw .EACCES
    }
    // Source: F_ADD_SEALS(2const), F_SEAL_WRITE.
    if request.protection.contains(.write) && !mayWrite { throw .EPERM }
    if !mayExecute {
      // What reading implies is not asked for.
      if task.settings.personality.contains(.READ_IMPLIES_EXEC) { request.protection.remove(.execute) }
      if request.protection.contains(.execute) { throw .EPERM }
    }
    request.limit = .read
    if mayWrite { request.limit.insert(.write) }
    if mayExecute { request.limit.insert(.execute) }
    request.object = try file.mappedObject()
  }

  /// What the program asks for, with what its personality adds.
  private func implied(_ protection: LinuxABI.Protection) -> VirtualMemory.Protection {
    var wanted = VirtualMemory.Protection(rawValue: UInt32(truncatingIfNeeded: protection.rawValue))
    if wanted.contains(.read), task.settings.personality.contains(.READ_IMPLIES_EXEC) { wanted.insert(.execute) }
    return wanted
  }

  /// munmap(2)
  func munmap(_ address: UInt64, _ byteCount: UInt64) throws(Errno) { try space.unmap(address, byteCount) }

  /// mprotect(2)
  func mprotect(_ address: UInt64, _ byteCount: UInt64, _ protection: LinuxABI.Protection) throws(Errno) {
    // Bits above would be lost, and are as unknown as others.
    guard protection.rawValue <= UInt64(UInt32.max) else { throw .EINVAL }
    try space.protect(address, byteCount, implied(protection))
  }

  /// mremap(2)
  func mremap(
    _ address: UInt64, _ oldByteCount: UInt64, _ newByteCount: UInt64, _ flags: LinuxABI.RemapFlags, _ target: UInt64
  ) throws(Errno) -> UInt64 {
    let flags = VirtualMemory.RemapFlags(rawValue: UInt32(truncatingIfNeeded: flags.rawValue))
    return try space.remap(address, oldByteCount, newByteCount, flags, to: target) { task.isEnding }
  }

  /// brk(2)
  func brk(_ end: UInt64) throws(Errno) -> UInt64 { try space.setBreak(end) { task.isEnding } }

  // MARK: Advice and residence

  /// madvise(2)
  func madvise(_ address: UInt64, _ byteCount: UInt64, _ advice: MemoryAdvice) throws(Errno) {
    // Others are for what there is not: merging of equal pages, pages of broken memory.
    guard let known = Advice(rawValue: Int32(truncatingIfNeeded: advice.rawValue)) else { throw .EINVAL }
    try space.advise(address, byteCount, known) { task.isEnding }
  }

  /// msync(2)
  func msync(_ address: UInt64, _ byteCount: UInt64, _ flags: MemorySyncFlags) throws(Errno) {
    if flags.isSuperset(of: [.MS_ASYNC, .MS_SYNC]) { throw .EINVAL }
    try space.synchronize(
      address, byteCount, isSynchronous: flags.contains(.MS_SYNC), invalidates: flags.contains(.MS_INVALIDATE))
  }

  /// mincore(2)
  func mincore(_ address: UInt64, _ byteCount: UInt64, _ residency: UserPointer<UInt8>) throws(Errno) {
    guard address & Self.pageMask == 0 else { throw .EINVAL }
    guard UserSpace.contains(address, byteCount: byteCount) else { throw .ENOMEM }
    let pageCount = (byteCount + Self.pageMask) >> 12
    guard UserSpace.contains(residency.address, byteCount: pageCount) else { throw .EFAULT }
    let space = try space
    var answers = InlineArray<256, UInt8>(repeating: 0)
    var done: UInt64 = 0
    while done < pageCount {
      if task.isEnding { throw .EINTR }
      let count = min(256, pageCount - done)
      try space.forEachPage(address + done << 12, count << 12) { index, isResident in
        answers[index] = isResident ? 1 : 0
      }
      try UserMemory.copyOut(answers.span.extracting(0..<Int(count)), to: residency.address + done)
      done += count
    }
  }

  // MARK: Locking

  /// mlock(2)
  func mlock(_ address: UInt64, _ byteCount: UInt64) throws(Errno) {
    try space.lock(address, byteCount) { task.isEnding }
  }

  /// mlock2(2)
  func mlock2(_ address: UInt64, _ byteCount: UInt64, _ flags: Mlock2Flags) throws(Errno) {
    try space.lock(address, byteCount, onFault: flags.contains(.MLOCK_ONFAULT)) { task.isEnding }
  }

  /// munlock(2)
  func munlock(_ address: UInt64, _ byteCount: UInt64) throws(Errno) { try space.unlock(address, byteCount) }

  /// mlockall(2)
  func mlockall(_ flags: LockAllFlags) throws(Errno) {
    try space.lockAll(
      current: flags.contains(.MCL_CURRENT), future: flags.contains(.MCL_FUTURE),
      onFault: flags.contains(.MCL_ONFAULT)
    ) { task.isEnding }
  }

  /// munlockall(2)
  func munlockall() throws(Errno) { try space.unlockAll() }

  // MARK: Protection keys

  /// pkey_alloc(2), on a machine without keys.
  func pkeyAlloc(_ flags: UInt64, _ rights: ProtectionKeyRights) throws(Errno) -> Int32 {
    guard flags == 0 else { throw .EINVAL }
    throw .ENOSPC
  }

  /// pkey_free(2): no key is in use.
  func pkeyFree(_ key: Int32) throws(Errno) { throw .EINVAL }

  /// pkey_mprotect(2), which without a key is mprotect(2).
  func pkeyMprotect(
    _ address: UInt64, _ byteCount: UInt64, _ protection: LinuxABI.Protection, _ key: Int32
  ) throws(Errno) {
    guard key == -1 else { throw .EINVAL }
    try mprotect(address, byteCount, protection)
  }
}
