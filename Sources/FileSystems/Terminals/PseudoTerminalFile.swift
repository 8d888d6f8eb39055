public import Foundations
public import Machine
public import Security
import Terminals
public import VFS
public import Waiting

public import struct LinuxABI.OpenFlags

/// An open master of a pseudo terminal. The name of its slave is there for as long as it is open.
public final class PseudoTerminalFile: OpenFile {
  private let master: PseudoTerminalMaster
  private let slave: PseudoTerminalSlave
  private let mount: Mount

  init(
    _ request: OpenRequest, _ inode: Inode, _ master: PseudoTerminalMaster, _ slave: PseudoTerminalSlave, _ mount: Mount
  ) throws(Errno) {
    (self.master, self.slave, self.mount) = (master, slave, mount)
    try super.init(request, inode)
  }

  deinit { slave.owner.forget(slave) }

  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    try master.read(&buffer, nonBlocking: isNonblocking)
  }

  public override func writeContent(
    _ buffer: inout IOBuffer, at offset: inout Int64, sizeLimit: UInt64
  ) throws(Errno) -> Int {
    do throws(Errno) {
      let count = try master.write(&buffer, nonBlocking: isNonblocking)
      if buffer.remaining > 0 { noteLackOfRoom() }
      return count
    } catch {
      if error == .EAGAIN { noteLackOfRoom() }
      throw error
    }
  }

  public override func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try master.control(request, argument)
  }

  /// TIOCGPTPEER: the slave, by the mount that the master was opened through. Permissions do not matter. Source: ioctl_tty(2).
  public override func openRelated(
    _ request: UInt32, _ argument: UInt64, by credentials: Credentials
  ) throws(Errno) -> (file: OpenFile, flags: OpenFlags)? {
    guard request == TerminalRequest.TIOCGPTPEER.rawValue else { return nil }
    try ObjectMemory.check()
    let flags = OpenFlags(rawValue: argument & 0xffff_ffff)
    var name = Message()
    name.write(decimal: UInt64(master.number))
    let dentry = try Dentry(FileName(name.bytes), in: mount.root, inode: slave, fileSystem: slave.fileSystem)
    let path = Path(mount: mount, dentry: dentry)
    return (try slave.open(OpenRequest(path, flags, credentials)), flags)
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents { master.poll() }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { master.forEachWaitQueue(body) }

  public override var readinessSignals: ReadinessSignals { .roomWhenWanted }

  public override var hasRoom: Bool { master.poll().contains(.output) }

  /// Nobody is in the foreground of a master.
  public override var defaultOwnerGroup: Int32? { 0 }
}
