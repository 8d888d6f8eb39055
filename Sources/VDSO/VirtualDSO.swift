public import Foundations
import Machine
import Time
public import VirtualMemory

/// The shared object that every program gets without asking, by which it tells the time without a system call. vdso(7)
///
/// Two pages, the same frames in every program: what the kernel says of the clocks, which can only be read, and behind it the code
/// of `Sources/Boot/vdso.S`, which reads it. A program that writes to one, having made it writable, gets a copy of its own.
public final class VirtualDSO: MappedObject {
  private static let shared = BootCell<VirtualDSO>()
  private static let clockPage: UInt64 = 0
  private static let codePage: UInt64 = 1

  private let clock: UserFrame
  private let code: UserFrame

  private init(clock: consuming UserFrame, code: consuming UserFrame) {
    self.clock = clock
    self.code = code
    super.init()
  }

  /// Makes the object, and has the clocks kept in it from now on.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, at boot, after the memory step.
  public static func start() throws(Errno) {
    let clock = try UserFrame.allocate(isZeroed: true)
    let code = try UserFrame.allocate(isZeroed: false)
    code.write(at: 0, from: SharedObjectImage.bytes)
    Clock.share(on: clock.share())
    shared.fill(VirtualDSO(clock: clock, code: code))
  }

  /// Maps the object where there is room.
  ///
  /// - Returns: the address of its ELF header, for AT_SYSINFO_EHDR; 0 before `start`.
  /// - Throws: `ENOMEM`, and what else `AddressSpace.map` throws.
  public static func map(into space: AddressSpace) throws(Errno) -> UInt64 {
    guard let object = shared.withValue({ $0 }) else { return 0 }
    let pageSize = UInt64(UserFrame.byteCount)
    let start = try space.map(
      MapRequest(byteCount: 2 * pageSize, protection: [.read, .execute], flags: .private, object: object))
    try space.protect(start, pageSize, .read)
    return start + pageSize
  }

  /// As debuggers look for them.
  public override func areaName(at index: UInt64) -> StaticString? { index == Self.clockPage ? "[vvar]" : "[vdso]" }

  /// 2.
  public override var pageCount: UInt64 { 2 }

  /// The clocks' page or the code's.
  public override func page(_ index: UInt64) throws(Errno) -> UserFrame {
    guard let frame = residentPage(index) else { throw .ENXIO }
    return frame
  }

  /// The same: both are always in memory.
  public override func residentPage(_ index: UInt64) -> UserFrame? {
    switch index {
    case Self.clockPage: clock.share()
    case Self.codePage: code.share()
    default: nil
    }
  }
}
