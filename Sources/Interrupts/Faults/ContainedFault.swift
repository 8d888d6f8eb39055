import Foundations
import Machine

/// Exceptions of work that may fail without the kernel, such as a driver's.
enum ContainedFault {
  /// Ends the work that raised the exception, after a note of what and where it was.
  ///
  /// - Returns: false when the exception is not of such work.
  static func handle(_ frame: borrowing TrapFrame, _ vector: InterruptVector) -> Bool {
    guard Containment.isContained(frame) else { return false }
    var what = Message()
    what.write(vector.name)
    if vector == .invalidOpcode { SourceLocations.writeTrapReason(frame.instructionPointer, to: &what) }
    if vector == .pageFault { what.write(" at \(hex: PageFaults.address)" as Message) }
    if vector == .pageFault || vector == .doubleFault, KernelStack.guardPage(containing: PageFaults.address) != nil {
      what.write(": stack overflow")
    }
    FatalFault.note(PlainLine.line(of: what))
    var place = Message()
    SourceLocations.write(frame.instructionPointer, isReturnAddress: false, to: &place)
    FatalFault.note(PlainLine.line(of: place))
    var walk = StackWalk(from: frame.framePointer)
    if let caller = walk.next() {
      var place = Message()
      SourceLocations.write(caller, isReturnAddress: true, to: &place)
      FatalFault.note(PlainLine.line(of: place))
    }
    Containment.end(frame, vector: vector.rawValue)
    return true
  }
}
