import Executables
import Foundations
import LinuxABI
import Machine
import Processes
import Signals
import VFS

/// execve(2), _exit(2) and wait(2).
extension SystemCallContext {
  /// execve(2)
  func execve(
    _ path: UserPath, _ arguments: UserPointer<UInt64>, _ environment: UserPointer<UInt64>,
    _ registers: borrowing UserContext
  ) throws(Errno) {
    try path.withBytes { path throws(Errno) in
      let file = try task.openExecutable(path)
      try execute(file, path, arguments, environment, registers)
    }
  }

  /// execveat(2)
  func execveat(
    _ directory: Int32, _ path: UserPath, _ arguments: UserPointer<UInt64>, _ environment: UserPointer<UInt64>,
    _ flags: ExecFlags, _ registers: borrowing UserContext
  ) throws(Errno) {
    let isEmptyAllowed = flags.contains(.AT_EMPTY_PATH)
    try path.withBytes(empty: isEmptyAllowed ? .allowed : .refused) { path throws(Errno) in
      let isAbsolute = !path.isEmpty && path[0] == UInt8(ascii: "/")
      var start: Path?
      if directory != -100, !isAbsolute { start = try task.files.file(Descriptor(rawValue: directory)).path }
      let file = try task.openExecutable(
        path, from: start, followsLink: !flags.contains(.AT_SYMLINK_NOFOLLOW), isEmptyAllowed: isEmptyAllowed)
      guard start != nil else { return try execute(file, path, arguments, environment, registers) }
      // What scripts are told: a path that leads there by the descriptor.
      var name = GrowableArray<UInt8>()
      let place: Message = "/dev/fd/\(UInt32(bitPattern: directory))"
      try Self.append(place.bytes, to: &name)
      if !path.isEmpty {
        try name.append(UInt8(ascii: "/"))
        try Self.append(path, to: &name)
      }
      try execute(file, name.span, arguments, environment, registers)
    }
  }

  private static func append(_ bytes: Span<UInt8>, to array: inout GrowableArray<UInt8>) throws(Errno) {
    try array.reserveCapacity(array.count + bytes.count)
    for index in bytes.indices { try array.append(bytes[index]) }
  }

  private func execute(
    _ file: OpenFile, _ path: Span<UInt8>, _ arguments: UserPointer<UInt64>, _ environment: UserPointer<UInt64>,
    _ registers: borrowing UserContext
  ) throws(Errno) {
    var list = ArgumentList(stackLimit: task.process.limit(.RLIMIT_STACK))
    try list.copy(arguments: arguments.address, environment: environment.address)
    // As Linux since 5.18: a program is never without its name.
    if list.argumentCount == 0 { try list.append(argument: Span()) }
    try task.execute(file, path: path, &list, registers)
  }

  /// _exit(2)
  func exit(_ status: Int32, _ registers: borrowing UserContext) throws(Errno) { task.exit(code: status) }

  /// exit_group(2)
  func exitGroup(_ status: Int32, _ registers: borrowing UserContext) throws(Errno) {
    task.exitProcess(ExitStatus(code: status))
  }

  /// wait4(2)
  func wait4(
    _ number: Int32, _ status: UserPointer<Int32>, _ options: WaitFlags, _ usage: UserPointer<Rusage>
  ) throws(Errno) -> Int32 {
    let allowed: WaitFlags = [.WNOHANG, .WUNTRACED, .WCONTINUED, .__WNOTHREAD, .__WCLONE, .__WALL]
    guard options.isSubset(of: allowed), number != .min else { throw number == .min ? .ESRCH : .EINVAL }
    let children: WaitRequest.Children =
      number > 0
      ? .process(number) : number == -1 ? .any : .group(number == 0 ? try getpgrp() : -number)
    let request = WaitRequest(children, options.union(.WEXITED))
    let found = try task.process.tree.wait(
      for: task.process, request, isPatient: !options.contains(.WNOHANG))
    guard let report = found else { return 0 }
    if !status.isNull { try status.store(report.status) }
    if !usage.isNull { try usage.store(Rusage(report.usage)) }
    return report.number
  }

  /// waitid(2)
  func waitid(
    _ type: WaitIdentifierType, _ number: Int32, _ information: UserPointer<Siginfo>, _ options: WaitFlags,
    _ usage: UserPointer<Rusage>
  ) throws(Errno) {
    guard !options.isDisjoint(with: [.WEXITED, .WSTOPPED, .WCONTINUED]) else { throw .EINVAL }
    let children: WaitRequest.Children
    // What a handle that does not block gives when nothing is to be told.
    var nothing: Errno?
    switch type {
    case .P_ALL: children = .any
    case .P_PID:
      guard number > 0 else { throw .EINVAL }
      children = .process(number)
    case .P_PGID:
      guard number >= 0 else { throw .EINVAL }
      children = .group(number == 0 ? try getpgrp() : number)
    case .P_PIDFD:
      guard number >= 0 else { throw .EINVAL }
      let handle = try handle(number)
      children = .node(handle.process)
      if handle.isNonblocking, !options.contains(.WNOHANG) { nothing = .EAGAIN }
    }
    let isPatient = nothing == nil && !options.contains(.WNOHANG)
    let found = try task.process.tree.wait(for: task.process, WaitRequest(children, options), isPatient: isPatient)
    if found == nil, let nothing { throw nothing }
    if let report = found, !usage.isNull { try usage.store(Rusage(report.usage)) }
    guard !information.isNull else { return }
    // Nobody to tell of is told by zeros.
    let told = found.map { SignalInformation(waitedFor: $0) } ?? SignalInformation(0, 0, 0, 0, 0, 0)
    try told.store(information)
  }
}
