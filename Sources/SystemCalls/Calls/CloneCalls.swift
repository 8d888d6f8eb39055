import Foundations
import LinuxABI
import Machine
import Processes

/// clone(2) and its relatives.
extension SystemCallContext {
  /// fork(2)
  func fork() throws(Errno) -> Int32 { try task.clone(CloneRequest([], exitSignal: .SIGCHLD)) }

  /// vfork(2)
  func vfork() throws(Errno) -> Int32 {
    try task.clone(CloneRequest([.CLONE_VM, .CLONE_VFORK], exitSignal: .SIGCHLD))
  }

  /// clone(2)
  func clone(
    _ flags: CloneFlags, _ stack: UInt64, _ parentNumber: UserPointer<UInt8>, _ childNumber: UserPointer<UInt8>,
    _ localStorage: UInt64
  ) throws(Errno) -> Int32 {
    // The upper half of the register is not looked at: it belongs to clone3.
    let known = CloneFlags(rawValue: flags.rawValue & 0xffff_ffff)
    let signal = UInt8(truncatingIfNeeded: known.cloneExitSignal)
    // Both would be told in the same place; and what has had no meaning for long must not come to mean something.
    if known.contains(.CLONE_PIDFD), !known.isDisjoint(with: [.CLONE_PARENT_SETTID, .CLONE_DETACHED]) { throw .EINVAL }
    var request = CloneRequest(CloneFlags(rawValue: known.rawValue & ~0xff), exitSignal: Signal(rawValue: signal))
    request.stackPointer = stack
    request.localStorage = localStorage
    request.parentNumberAddress = parentNumber.address
    request.handleAddress = parentNumber.address
    request.childNumberAddress = childNumber.address
    return try task.clone(request)
  }

  /// clone3(2)
  func clone3(_ arguments: UserBuffer) throws(Errno) -> Int32 {
    // Versions 0 to 2 of the structure.
    guard arguments.count >= 64 else { throw .EINVAL }
    guard arguments.count <= 4_096 else { throw .E2BIG }
    let words = UserPointer<UInt64>(arguments.address)
    guard try isZero(arguments, from: 88) else { throw .E2BIG }
    func word(_ index: Int) throws(Errno) -> UInt64 {
      UInt64(index + 1) * 8 <= arguments.count ? try words.load(at: index) : 0
    }
    let wanted = Clone3Flags(rawValue: try word(0))
    let flags = CloneFlags(rawValue: wanted.subtracting(.CLONE_CLEAR_SIGHAND).rawValue)
    guard flags.unknownBits == 0, flags.cloneExitSignal == 0 else { throw .EINVAL }
    if flags.contains(.CLONE_DETACHED) { throw .EINVAL }
    let signal = try word(4)
    guard signal <= 64, try word(8) == 0, try word(9) == 0, try word(10) == 0 else { throw .EINVAL }
    if signal != 0, flags.contains(.CLONE_THREAD) || flags.contains(.CLONE_PARENT) { throw .EINVAL }
    var request = CloneRequest(flags, exitSignal: Signal(rawValue: UInt8(signal)))
    request.clearsHandlers = wanted.contains(.CLONE_CLEAR_SIGHAND)
    if request.clearsHandlers, flags.contains(.CLONE_SIGHAND) { throw .EINVAL }
    request.handleAddress = try word(1)
    request.childNumberAddress = try word(2)
    request.parentNumberAddress = try word(3)
    let (stack, size) = (try word(5), try word(6))
    guard (stack == 0) == (size == 0) else { throw .EINVAL }
    let (top, overflows) = stack.addingReportingOverflow(size)
    guard !overflows, UserSpace.contains(stack, byteCount: size) else { throw .EINVAL }
    request.stackPointer = top
    request.localStorage = try word(7)
    return try task.clone(request)
  }

  /// Whether all bytes of `buffer` from `start` on, which a newer program may have set, are zero.
  private func isZero(_ buffer: UserBuffer, from start: UInt64) throws(Errno) -> Bool {
    guard buffer.count > start else { return true }
    for index in start..<buffer.count {
      if try UserPointer<UInt8>(buffer.address).load(at: Int(index)) != 0 { return false }
    }
    return true
  }

  /// set_tid_address(2)
  func setTidAddress(_ address: UInt64) throws(Errno) -> Int32 {
    task.clearedAddress = address
    return task.threadIdentifier
  }
}
