import Foundations
import Machine
import Terminals
import VFS

/// The root of a devpts: `ptmx`, and the slaves by their numbers.
final class PseudoTerminalDirectory: Inode {
  /// Behind `.` and `..`.
  private static let masterPosition: Int64 = 2

  private let owner: PseudoTerminalFileSystem
  /// The device that opens a new terminal.
  let master: PseudoTerminalMasterInode

  init(_ owner: PseudoTerminalFileSystem) {
    self.owner = owner
    master = PseudoTerminalMasterInode(owner, permissions: owner.options.masterPermissions)
    super.init(owner, number: 1, NewFile(.directory, permissions: 0o755), linkCount: 2)
  }

  override func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    if name.count == 4, name.starts(with: "ptmx") { return master }
    // Only as it is written in the directory: without zeros in front.
    guard let first = name.indices.first, name.count <= 4, name[first] != 0x30 || name.count == 1 else { return nil }
    var number = 0
    for index in name.indices {
      guard name[index] >= 0x30, name[index] <= 0x39 else { return nil }
      number = number * 10 + Int(name[index] - 0x30)
    }
    return owner.slave(number)
  }

  override func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    let firstSlave = Self.masterPosition + 1
    if position <= Self.masterPosition {
      let name: Message = "ptmx"
      guard try emit(name.bytes, master.number, .characterDevice, firstSlave) else { return }
    }
    var number = Int(clamping: max(position, firstSlave) - firstSlave)
    while let slave = owner.slave(from: number) {
      number = slave.terminalNumber + 1
      var name = Message()
      name.write(decimal: UInt64(slave.terminalNumber))
      guard try emit(name.bytes, slave.number, .characterDevice, firstSlave + Int64(number)) else { return }
    }
  }
}

/// `ptmx` in a devpts: opens a new terminal of this one.
final class PseudoTerminalMasterInode: Inode {
  private let owner: PseudoTerminalFileSystem

  init(_ owner: PseudoTerminalFileSystem, permissions: UInt16) {
    self.owner = owner
    super.init(
      owner, number: 2, NewFile(.characterDevice, permissions: permissions, device: DeviceNumber(5, 2)))
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    try owner.openMaster(request, self, mount: request.path.mount)
  }
}

/// A slave's name.
final class PseudoTerminalSlave: Inode {
  let owner: PseudoTerminalFileSystem
  var terminalNumber: Int { Int(device.minor) }

  init(_ owner: PseudoTerminalFileSystem, _ new: NewFile) {
    self.owner = owner
    super.init(owner, number: UInt64(new.device.minor) + 3, new)
  }

  /// - Throws: `EIO` while it is locked, and when its master was closed.
  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    // Somebody may have found the name before it went, and the number may be another's now.
    guard owner.slave(terminalNumber) === self, let terminal = owner.terminals.slave(terminalNumber) else { throw .EIO }
    try ObjectMemory.check()
    return try TerminalFile(request, self, terminal, mayControl: true)
  }
}
