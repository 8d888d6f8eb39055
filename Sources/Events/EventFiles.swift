public import Foundations
import Machine
public import Security
public import VFS

/// The kernel's files that are nothing but open.
public enum EventFiles {
  private static let source = BootCell<AnonymousInodes>()

  /// Makes it possible to make them.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, while booting.
  public static func start(names: DentryCache, clock: FileClock) throws(Errno) {
    source.fill(try AnonymousInodes(names: names, clock: clock))
  }

  /// Where their inodes come from.
  ///
  /// - Throws: `ENODEV` before `start`.
  public static func inodes() throws(Errno) -> AnonymousInodes {
    guard let inodes = source.withValue({ $0 }) else { throw .ENODEV }
    return inodes
  }

  /// Makes an epoll instance.
  ///
  /// - Throws: `ENOMEM`; `ENODEV` before `start`.
  public static func makeEpoll(_ credentials: Credentials) throws(Errno) -> EpollFile {
    try EpollFile.make(try inodes(), credentials)
  }
}
