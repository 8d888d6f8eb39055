import Machine

/// Figures about memory for the host. Source: VIRTIO 1.2, section 5.5.6.3.
extension VirtioBalloon {
  /// A tag of 2 bytes and a value of 8, side by side.
  private static var entryByteCount: Int { 10 }
  static var statisticsByteCount: Int { VirtioLayout.Balloon.StatisticTag.allCases.count * entryByteCount }

  /// Gives the device a buffer of figures, which it returns when it wants newer ones.
  func sendStatistics(_ queue: VirtioQueue) throws(VirtioError) {
    var end = 0
    for tag in VirtioLayout.Balloon.StatisticTag.allCases {
      guard let value = source.statistic(tag) else { continue }
      statisticsBuffer.write16(tag.rawValue, at: end)
      statisticsBuffer.write64(value, at: end + 2)
      end += Self.entryByteCount
    }
    if end == 0 {
      // There must be a buffer for the device to return. The free memory is zero for who knows no better.
      statisticsBuffer.zeroFill(at: 0, count: Self.entryByteCount)
      statisticsBuffer.write16(VirtioLayout.Balloon.StatisticTag.freeMemory.rawValue, at: 0)
      end = Self.entryByteCount
    }
    guard let segment = statisticsBuffer.segment(at: 0, count: end) else { return }
    try queue.submit(segment, .toDevice, token: 0)
    queue.notify()
  }
}
