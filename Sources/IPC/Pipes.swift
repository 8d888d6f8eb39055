public import Foundations
import Machine
public import Security
public import VFS

public import struct LinuxABI.OpenFlags

/// The kernel's pipes.
public enum Pipes {
  private static let maker = BootCell<PipeMaker>()

  /// Makes it possible to make pipes, and to open FIFOs.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, while booting.
  public static func start(names: DentryCache, clock: FileClock) throws(Errno) {
    maker.fill(try PipeMaker(names: names, clock: clock))
    SpecialFiles.setFIFOOpener(FIFOOpener())
  }

  /// Makes a pipe and opens both ends. pipe2(2).
  ///
  /// - Parameter flags: O_NONBLOCK and O_DIRECT.
  /// - Throws: `ENOMEM`; `ENFILE` before `start`.
  public static func makePipe(
    _ credentials: Credentials, _ flags: OpenFlags
  ) throws(Errno) -> (reader: OpenFile, writer: OpenFile) {
    guard let maker = maker.withValue({ $0 }) else { throw .ENFILE }
    return try maker.makePipe(credentials, flags)
  }
}
