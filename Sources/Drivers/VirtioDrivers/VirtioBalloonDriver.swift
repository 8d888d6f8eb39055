import DriverKit
import Foundations
import Machine
import Virtio

/// The driver of a virtual machine's memory balloon.
final class VirtioBalloonDriver: VirtioDriver {
  /// After how long pages are looked for again that were missing, in nanoseconds.
  private static let patience: UInt64 = 1_000_000_000

  private var balloon: VirtioBalloon?

  override func begin(
    _ transport: VirtioTransport, _ pacer: VirtioPacer, messageCount: Int, _ context: DriverContext
  ) throws(VirtioError) -> VirtioInterrupts {
    let balloon = try VirtioBalloon(transport, source: BalloonPageSource(), pacer: pacer)
    self.balloon = balloon
    context.arm(after: Self.patience)
    return try balloon.start(messageCount: messageCount)
  }

  override func beginAnew(messageCount: Int, _ context: DriverContext) throws(VirtioError) -> VirtioInterrupts {
    guard let balloon else { throw .stopped }
    context.arm(after: Self.patience)
    return try balloon.start(messageCount: messageCount)
  }

  override var virtio: VirtioDevice? { balloon?.device }
  override var queueCount: Int { 3 }
  override func handleQueue(_ number: Int) throws(VirtioError) -> Bool { try balloon?.handleQueue(number) ?? false }
  override func handleConfigurationChange() throws(VirtioError) { try balloon?.handleConfigurationChange() }
  override func end(isGone: Bool) throws(VirtioError) { try balloon?.stop(isGone: isGone) }

  override func timer(_ context: DriverContext) throws(Errno) {
    if balloon?.isShort ?? false {
      do throws(VirtioError) { try balloon?.retry() } catch { throw error.errno }
    }
    try super.timer(context)
    context.arm(after: Self.patience)
  }
}
