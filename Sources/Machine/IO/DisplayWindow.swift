import Boot
import Foundations

/// The memory behind a screen, which its console owns.
///
/// Created from what the loader reported, after checking that it is not memory that the kernel uses.
public struct DisplayWindow: DisplayMemory, ~Copyable {
  private let base: UInt64
  /// The size in bytes.
  public let byteCount: Int

  /// The VGA text screen: 32 KiB at 0xb8000. Source: IBM VGA, mode 3.
  public static func vgaText() -> DisplayWindow {
    DisplayWindow(base: DeviceMap.address(of: 0xb8000), byteCount: 32 << 10)
  }

  /// A linear frame buffer at physical addresses `range`.
  ///
  /// - Returns: nil when the range overlaps memory in `plan`, or the page tables in force do not reach it (above 4 GiB, until
  ///   the memory step; then only the range that the plan named).
  public static func frameBuffer(_ range: Range<UInt64>, plan: borrowing PhysicalMemoryPlan) -> DisplayWindow? {
    guard !range.isEmpty, range.upperBound - range.lowerBound <= 1 << 30, plan.isOutsideMemory(range) else {
      return nil
    }
    // SAFETY: a plain read of a flag that only the boot CPU writes.
    guard unsafe PhysicalReach.hasKernelTables || range.upperBound <= PhysicalReach.bootLimit else { return nil }
    return DisplayWindow(
      base: DeviceMap.address(of: range.lowerBound), byteCount: Int(range.upperBound - range.lowerBound))
  }

  private init(base: UInt64, byteCount: Int) {
    self.base = base
    self.byteCount = byteCount
  }

  /// The address of `count` bytes at `offset`, if they are inside.
  @inline(__always)
  private func place(_ offset: Int, _ count: Int) -> UnsafeMutableRawPointer? {
    guard contains(offset, count: count) else { return nil }
    // SAFETY: inside the window, which stays mapped for ever and holds no Swift object.
    return unsafe UnsafeMutableRawPointer(bitPattern: UInt(base) &+ UInt(bitPattern: offset))
  }

  // SAFETY (all accesses below): `place` has checked that the bytes are inside. Screens are ordinary memory that the device
  // reads at its own pace, so neither order nor width of the accesses matters.

  /// The 16 bits at `offset`.
  @inline(__always)
  public borrowing func load16(at offset: Int) -> UInt16 {
    unsafe place(offset, 2)?.loadUnaligned(as: UInt16.self) ?? 0
  }
  /// The 32 bits at `offset`.
  @inline(__always)
  public borrowing func load32(at offset: Int) -> UInt32 {
    unsafe place(offset, 4)?.loadUnaligned(as: UInt32.self) ?? 0
  }
  /// Stores 8 bits at `offset`.
  @inline(__always)
  public borrowing func store8(_ value: UInt8, at offset: Int) {
    unsafe place(offset, 1)?.storeBytes(of: value, as: UInt8.self)
  }
  /// Stores 16 bits at `offset`.
  @inline(__always)
  public borrowing func store16(_ value: UInt16, at offset: Int) {
    unsafe place(offset, 2)?.storeBytes(of: value, as: UInt16.self)
  }
  /// Stores 32 bits at `offset`.
  @inline(__always)
  public borrowing func store32(_ value: UInt32, at offset: Int) {
    unsafe place(offset, 4)?.storeBytes(of: value, as: UInt32.self)
  }
  /// Stores 64 bits at `offset`.
  @inline(__always)
  public borrowing func store64(_ value: UInt64, at offset: Int) {
    unsafe place(offset, 8)?.storeBytes(of: value, as: UInt64.self)
  }

  /// Copies `count` bytes inside the window; the two places may overlap.
  public borrowing func move(from source: Int, to destination: Int, count: Int) {
    guard let from = unsafe place(source, count), let to = unsafe place(destination, count) else { return }
    unsafe to.copyMemory(from: from, byteCount: count)
  }
}
