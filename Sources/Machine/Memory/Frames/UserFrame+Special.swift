import Foundations
import PageFrames
import Synchronization

extension UserFrame {
  /// The frame of zeros that every first read of private memory sees. SAFETY: written once, by `startZeroFrame`, at boot.
  nonisolated(unsafe) private static var zeroNumber = FrameNumber.none

  /// Takes the frame of zeros.
  ///
  /// - Returns: false when there is no memory.
  static func startZeroFrame() -> Bool {
    guard let number = FrameAllocator.allocate(.anonymous, .emergency) else { return false }
    let frame = UserFrame(new: number)
    frame.clear()
    // SAFETY: the boot CPU is alone.
    unsafe zeroNumber = number
    FrameTable.descriptors[number].references.store(immortal, ordering: .relaxed)
    return true
  }

  /// A reference to the frame of zeros, which is shared by all and must never be written.
  public static var zero: UserFrame {
    @inline(__always) get {
      // SAFETY: not written after boot.
      unsafe UserFrame(adopting: zeroNumber)
    }
  }

  /// Whether this is the frame of zeros.
  public var isZeroFrame: Bool {
    // SAFETY: not written after boot.
    unsafe number == UserFrame.zeroNumber
  }
}

extension UserFrame {
  /// How many references there are, this one among them.
  public var referenceCount: Int { Int(FrameTable.descriptors[number].references.load(ordering: .acquiring)) }

  /// What the frame is used for: `.anonymous` or `.file`.
  public var kind: FrameKind { FrameTable.descriptors[number].kind }
}
