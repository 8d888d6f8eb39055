import Boot

extension UserFrame {
  /// Writes word `index` of the frame, after everything that was written before it.
  ///
  /// For what the kernel tells programs in a page that they read: they see words in the order of writing, and each whole.
  ///
  /// - Precondition: the frame has 512 words.
  @inline(__always)
  public borrowing func storeWord(_ value: UInt64, at index: Int) {
    precondition(index >= 0 && index < UserFrame.byteCount / 8, "outside the frame")
    // SAFETY: the word lies in the frame, as just checked, which is in the physical map for as long as this value lives.
    unsafe apus_store_word(FrameMemory.pointer(to: number).advanced(by: index * 8), value)
  }
}
