import Foundations
import LinuxABI
import Machine
import Processes
import RAMFileSystem
import VFS

/// memfd_create(2), and the commands of fcntl(2) for seals.
extension SystemCallContext {
  /// memfd_create(2)
  func memfdCreate(_ name: UserString, _ flags: MemfdFlags) throws(Errno) -> Int32 {
    // There are no files of huge pages.
    let known: MemfdFlags = [.MFD_CLOEXEC, .MFD_ALLOW_SEALING, .MFD_NOEXEC_SEAL, .MFD_EXEC]
    guard flags.isSubset(of: known), !flags.isSuperset(of: [.MFD_NOEXEC_SEAL, .MFD_EXEC]) else { throw .EINVAL }
    var sealing = flags.contains(.MFD_ALLOW_SEALING) ? MemoryFiles.Sealing.allowed : .forbidden
    if flags.contains(.MFD_NOEXEC_SEAL) { sealing = .withoutExecution }
    let file = try makeMemoryFile(name, sealing)
    return try task.files.add(
      file, limit: descriptorLimit, closesOnExecution: flags.contains(.MFD_CLOEXEC)
    ).rawValue
  }

  private func makeMemoryFile(_ name: UserString, _ sealing: MemoryFiles.Sealing) throws(Errno) -> OpenFile {
    do throws(Errno) {
      // Behind "memfd:" it must still be a name. Source: memfd_create(2), EINVAL.
      return try name.withBytes(limit: 250) { name throws(Errno) in
        try MemoryFiles.makeFile(name, by: task.actor, sealing)
      }
    } catch { throw error == .ENAMETOOLONG ? .EINVAL : error }
  }

  /// F_ADD_SEALS.
  func addSeals(_ file: OpenFile, _ argument: UInt64) throws(Errno) {
    guard file.mode.contains(.write) else { throw .EPERM }
    let seals = SealFlags(rawValue: argument & 0xffff_ffff)
    guard seals.unknownBits == 0 else { throw .EINVAL }
    try file.inode.addSeals(seals)
  }
}
